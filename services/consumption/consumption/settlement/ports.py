"""What settlement is kept in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from consumption.settlement.rules import EndedCall, LeaseReturn, UnmadeCall


class SettlementStore(Protocol):
    """Usage rows and balances, moved together."""

    async def commit(
        self,
        holder: str,
        calls: Sequence[EndedCall],
        returns: Sequence[LeaseReturn],
        now: datetime,
        unmade: Sequence[UnmadeCall] = (),
    ) -> int:
        """Keep what was not seen before, in one transaction with one event; how many calls were new.

        Claims of replies end with their calls, and those of unmade calls.
        """
        ...

    async def seal(self, holder: str, now: datetime) -> None:
        """Give back all that a holder still leases; it never gets a lease again."""
        ...
