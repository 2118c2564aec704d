"""Counts of attempts to sign in, in PostgreSQL, so that a restart forgives nobody."""

from dataclasses import dataclass
from datetime import datetime

from admin.sessions.rules import Attempts
from chassis.database.transaction import Transaction


@dataclass(frozen=True)
class PostgresAttempts:
    """The counts of all accounts and sources."""

    transaction: Transaction
    now: datetime

    async def hold(self, account_key: str, source: str) -> Attempts:
        """The count, locked until the transaction ends."""
        row = await self.transaction.fetch_one(
            "INSERT INTO sign_in_attempts AS a (account_key, source, last_at) VALUES ($1, $2, $3)"
            " ON CONFLICT (account_key, source) DO UPDATE SET failures = a.failures"
            " RETURNING failures, last_at, blocked_until",
            account_key,
            source,
            self.now,
        )
        return Attempts(*row.values()) if row else Attempts()

    async def put(self, account_key: str, source: str, attempts: Attempts) -> None:
        """Replace a count."""
        await self.transaction.execute(
            "UPDATE sign_in_attempts SET failures = $3, last_at = $4, blocked_until = $5"
            " WHERE account_key = $1 AND source = $2",
            account_key,
            source,
            attempts.failures,
            attempts.last_at or self.now,
            attempts.blocked_until,
        )

    async def forget(self, account_key: str, source: str) -> None:
        """Start from nothing."""
        await self.transaction.execute(
            "DELETE FROM sign_in_attempts WHERE account_key = $1 AND source = $2", account_key, source
        )

    async def is_known(self, account_key: str, source: str) -> bool:
        """Whether the account signed in from there before."""
        return await self.transaction.fetch_value(
            "SELECT EXISTS (SELECT 1 FROM known_sources WHERE account_key = $1 AND source = $2)", account_key, source
        )

    async def remember(self, account_key: str, source: str) -> None:
        """It signed in from there."""
        await self.transaction.execute(
            "INSERT INTO known_sources (account_key, source, last_seen_at) VALUES ($1, $2, $3)"
            " ON CONFLICT (account_key, source) DO UPDATE SET last_seen_at = excluded.last_seen_at",
            account_key,
            source,
            self.now,
        )

    async def forget_before(self, moment: datetime, at_most: int) -> int:
        """Delete counts that are older, without waiting for any in use; how many."""
        rows = await self.transaction.fetch(
            "DELETE FROM sign_in_attempts WHERE (account_key, source) IN (SELECT account_key, source"
            " FROM sign_in_attempts WHERE last_at < $1 ORDER BY last_at LIMIT $2 FOR UPDATE SKIP LOCKED)"
            " RETURNING source",
            moment,
            at_most,
        )
        return len(rows)
