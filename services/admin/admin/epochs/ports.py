"""Where the epochs of accounts are kept, inside one transaction."""

from datetime import datetime
from typing import Protocol


class EpochStore(Protocol):
    """The count of each account; tokens carry the count of the moment they were signed."""

    async def advance(self, account_id: str) -> int | None:
        """Count one further; the new epoch, or None where this transaction may not see such an account."""
        ...

    async def advanced_since(self, since: datetime) -> dict[str, int]:
        """The epochs of the accounts whose count moved at or after a moment."""
        ...
