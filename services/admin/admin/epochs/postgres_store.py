"""Epochs in PostgreSQL: a column of the accounts."""

from dataclasses import dataclass
from datetime import datetime

from chassis.database.transaction import Transaction


@dataclass(frozen=True)
class PostgresEpochs:
    """The counts inside one transaction."""

    transaction: Transaction
    now: datetime

    async def advance(self, account_id: str) -> int | None:
        """Count one further."""
        return await self.transaction.fetch_value(
            "UPDATE accounts SET epoch = epoch + 1, epoch_advanced_at = $2 WHERE account_id = $1 RETURNING epoch",
            account_id,
            self.now,
        )

    async def advanced_since(self, since: datetime) -> dict[str, int]:
        """The epochs of the accounts whose count moved at or after a moment."""
        rows = await self.transaction.fetch(
            "SELECT account_id, epoch FROM accounts WHERE epoch_advanced_at >= $1", since
        )
        return {row["account_id"]: row["epoch"] for row in rows}
