"""Claims and kept replies in PostgreSQL."""

from datetime import datetime, timedelta

from chassis.database.pool import Database
from chassis.database.transaction import Row
from consumption.replies.errors import ClaimantSealed
from consumption.replies.rules import LIFETIME, Claim, Held, Reply


class PostgresReplies:
    """Claims of one team at a time, as the runtime role; row security refuses the rest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, claim: Claim, now: datetime) -> Held | None:
        """Take the key where it is free or expired; what is kept under it now, None where it was freed meanwhile.

        Raises ClaimantSealed.
        """
        async with self._database.transaction(claim.team_id) as transaction:
            if not await transaction.fetch_value("SELECT hold_open($1, $2)", claim.holder, now):
                raise ClaimantSealed("This process was given up: start again under a new name.")
            await transaction.execute(
                "DELETE FROM stored_replies WHERE team_id = $1 AND scope_digest = $2 AND expires_at <= $3",
                *(claim.team_id, claim.scope_digest, now),
            )
            # Of several at the same moment one is first; the others wait here for its commit and then find it.
            await transaction.execute(
                "INSERT INTO stored_replies"
                " (team_id, scope_digest, body_digest, call_id, holder, claimed_at, expires_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (team_id, scope_digest) DO NOTHING",
                *(claim.team_id, claim.scope_digest, claim.body_digest, claim.call_id, claim.holder),
                *(now, now + LIFETIME),
            )
            row = await transaction.fetch_one(
                "SELECT call_id, body_digest, state, claimed_at, status, header_lines, body, cost_nanodollars"
                " FROM stored_replies WHERE team_id = $1 AND scope_digest = $2",
                *(claim.team_id, claim.scope_digest),
            )
        return None if row is None else _held(row)


class PostgresExpiredReplies:
    """Replies of all teams, as the worker role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def purge(self, now: datetime, at_most: int) -> int:
        """Delete so many expired replies; how many there were. What is being settled at the moment waits its turn."""
        async with self._database.transaction() as transaction:
            tag = await transaction.execute(
                "DELETE FROM stored_replies WHERE (team_id, scope_digest) IN (SELECT team_id, scope_digest"
                " FROM stored_replies WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
                *(now, at_most),
            )
            await transaction.execute("DELETE FROM reply_room WHERE hour < $1", now - LIFETIME - timedelta(hours=2))
        return int(tag.removeprefix("DELETE "))


def _held(row: Row) -> Held:
    kept = row["body"] is not None
    return Held(
        call_id=row["call_id"],
        body_digest=row["body_digest"],
        state=row["state"],
        claimed_at=row["claimed_at"],
        reply=Reply(row["status"], row["header_lines"], row["body"]) if kept else None,
        cost=row["cost_nanodollars"],
    )
