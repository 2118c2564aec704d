"""Sessions and their refresh tokens in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime

from admin.sessions.ports import SpentToken
from admin.sessions.rules import Session
from chassis.database.transaction import Row, Transaction

_SELECT = "SELECT session_id, account_id, active_team, source, created_at, expires_at, ended_at FROM sessions"

_SELECT_BY_HASH = (
    "SELECT s.session_id, s.account_id, s.active_team, s.source, s.created_at, s.expires_at, s.ended_at"
    " FROM sessions s JOIN refresh_tokens r ON r.session_id = s.session_id WHERE r.token_hash = $1 FOR UPDATE OF s"
)


@dataclass(frozen=True)
class PostgresSessions:
    """The sessions of all accounts."""

    transaction: Transaction
    now: datetime

    async def add(self, session: Session) -> None:
        """Start it."""
        await self.transaction.execute(
            "INSERT INTO sessions (session_id, account_id, active_team, source, created_at, expires_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            session.session_id,
            session.account_id,
            session.active_team,
            session.source,
            session.created_at,
            session.expires_at,
        )

    async def add_token(self, session_id: str, token_hash: str) -> None:
        """Remember a refresh token by its hash."""
        await self.transaction.execute(
            "INSERT INTO refresh_tokens (token_hash, session_id, issued_at) VALUES ($1, $2, $3)",
            token_hash,
            session_id,
            self.now,
        )

    async def owner_of(self, token_hash: str) -> str | None:
        """The account of a refresh token, used or not; None where it is unknown."""
        return await self.transaction.fetch_value(
            "SELECT s.account_id FROM sessions s JOIN refresh_tokens r USING (session_id) WHERE r.token_hash = $1",
            token_hash,
        )

    async def spend_token(self, token_hash: str) -> SpentToken | None:
        """Mark it used and lock its session; None where it is unknown."""
        session = await self.transaction.fetch_one(
            _SELECT_BY_HASH,
            token_hash,
        )
        if session is None:
            return None
        # With the session locked, of two who bring the same token the second sees that it was used.
        done = await self.transaction.execute(
            "UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL", token_hash, self.now
        )
        return SpentToken(_session_of(session), used_before=done == "UPDATE 0")

    async def end(self, session_id: str, because: str) -> None:
        """End one session."""
        await self.transaction.execute(
            "UPDATE sessions SET ended_at = $2, ended_because = $3 WHERE session_id = $1 AND ended_at IS NULL",
            session_id,
            self.now,
            because,
        )

    async def end_all(self, account_id: str, because: str) -> int:
        """End every live session of the account; how many there were."""
        rows = await self.transaction.fetch(
            "UPDATE sessions SET ended_at = $2, ended_because = $3 WHERE account_id = $1 AND ended_at IS NULL"
            " RETURNING session_id",
            account_id,
            self.now,
            because,
        )
        return len(rows)

    async def live(self, account_id: str) -> list[Session]:
        """The account's live sessions, newest first."""
        rows = await self.transaction.fetch(
            _SELECT + " WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2"
            " ORDER BY session_id DESC LIMIT 200",
            account_id,
            self.now,
        )
        return [_session_of(row) for row in rows]

    async def forget_before(self, moment: datetime, at_most: int) -> int:
        """Delete sessions that expired before a moment, without waiting for any in use; how many."""
        rows = await self.transaction.fetch(
            "DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions WHERE expires_at < $1"
            " ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING session_id",
            moment,
            at_most,
        )
        return len(rows)


def _session_of(row: Row) -> Session:
    return Session(*row.values())
