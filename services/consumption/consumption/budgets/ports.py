"""What leases are kept in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from consumption.budgets.rules import Balance, Grant, Wish


@dataclass(frozen=True)
class LeaseAnswer:
    """All wishes granted, or none and the balances that were short."""

    granted: tuple[Grant, ...] = ()
    short: tuple[Balance, ...] = field(default=())


class LeaseStore(Protocol):
    """The balances and what is leased of them."""

    async def acquire(self, holder: str, request_id: str, wishes: Sequence[Wish], now: datetime) -> LeaseAnswer:
        """Lease all wishes in one transaction, or none. Raises HolderSealed, ScopeNotFound."""
        ...


class BalanceReader(Protocol):
    """Balances of a team."""

    async def of_team(self, team_id: str, now: datetime) -> list[Balance]:
        """Every limited scope of the team in the month of `now`."""
        ...
