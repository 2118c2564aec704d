"""What can be done with leases."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from consumption.budgets.ports import LeaseAnswer, LeaseStore
from consumption.budgets.rules import Wish


@dataclass(frozen=True)
class AcquireLeases:
    """Move amounts from what is free to what a process may spend."""

    store: LeaseStore
    clock: Clock

    async def __call__(self, holder: str, request_id: str, wishes: Sequence[Wish]) -> LeaseAnswer:
        """All wishes or none. Raises HolderSealed, ScopeNotFound."""
        return await self.store.acquire(holder, request_id, wishes, self.clock.now())
