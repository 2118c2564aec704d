"""Keys of all teams in PostgreSQL, as the worker role: by digest for the data plane, and all of a team at once."""

from datetime import datetime

from chassis.database.pool import Database
from chassis.database.transaction import Row, Transaction
from chassis.event_log.port import EventLog
from consumption.budgets.levels import scopes_above
from consumption.budgets.rules import Limit
from consumption.facts import SERVICE
from consumption.keys.errors import KeyNotFound
from consumption.keys.events import key_revoked
from consumption.keys.key_rows import KEY_COLUMNS, key_of
from consumption.keys.ports import Deed, KnownKey
from consumption.keys.rules import Key
from consumption.tiers.rules import Tier

_TIER = """
    t.requests_per_second AS tier_requests, t.burst AS tier_burst, t.tokens_per_minute AS tier_tokens,
    t.max_concurrency AS tier_concurrency, t.monthly_tokens AS tier_monthly
"""


class PostgresKeyRecords:
    """Any team's key by the digest of one of its secrets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_digest(self, digest: bytes, now: datetime) -> KnownKey:
        """Raises KeyNotFound; also for a secret whose grace is over, which nobody uses rightly any more."""
        async with self._database.transaction(read_only=True) as transaction:
            row = await transaction.fetch_one(
                f"SELECT {KEY_COLUMNS}, {_TIER}, found.proof_hash, found.ends_at"  # noqa: S608 -- constants
                " FROM key_secrets found JOIN keys k USING (key_id) JOIN tiers t ON t.name = k.tier"
                " WHERE found.digest = $1 AND (found.ends_at IS NULL OR found.ends_at > $2)",
                *(digest, now),
            )
            if row is None:
                raise KeyNotFound("No such key.")
            key = key_of(row)
            limits = await _limits(transaction, key)
        return KnownKey(key, _tier_of(key, row), limits, row["proof_hash"], row["ends_at"])


class PostgresTeamKeys:
    """All keys of a team at once, in somebody's transaction."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def end_all(self, transaction: Transaction, team_id: str, now: datetime) -> None:
        """Revoke every active key of a team."""
        rows = await transaction.fetch(
            "UPDATE keys AS k SET state = 'revoked', revoked_at = $2 WHERE team_id = $1 AND state = 'active'"  # noqa: S608
            f" RETURNING {KEY_COLUMNS}",
            team_id,
            now,
        )
        ended = [key_of(row) for row in rows]
        if ended:
            await self._log.append(transaction, [key_revoked(key, Deed(SERVICE, now)) for key in ended])


async def _limits(transaction: Transaction, key: Key) -> tuple[Limit, ...]:
    """What bounds the key's calls, in the order platform, team, user, key."""
    scopes = [*scopes_above(key.team_id, key.account_id), f"key:{key.key_id}:tokens", f"key:{key.key_id}:nanodollars"]
    rows = await transaction.fetch(
        "SELECT scope_id, kind, subject_id, unit, amount FROM limits"
        " WHERE scope_id = ANY($1::text[]) AND amount IS NOT NULL ORDER BY array_position($1::text[], scope_id)",
        scopes,
    )
    return tuple(Limit(*row.values()) for row in rows)


def _tier_of(key: Key, row: Row) -> Tier:
    return Tier(
        name=key.tier,
        requests_per_second=row["tier_requests"],
        burst=row["tier_burst"],
        tokens_per_minute=row["tier_tokens"],
        max_concurrency=row["tier_concurrency"],
        monthly_tokens=row["tier_monthly"],
    )
