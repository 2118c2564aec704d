"""Where the ledger is read as a whole."""

from typing import Protocol

from consumption.budgets.rules import Month
from consumption.ledger.rules import Verification


class LedgerReader(Protocol):
    """Balances, leases and usage rows of all teams."""

    async def verify(self, month: Month) -> Verification:
        """Hold the books of a month against each other as they stood at one moment. Raises DatabaseTimedOut."""
        ...
