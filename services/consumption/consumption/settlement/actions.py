"""What can be done with ended calls."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from consumption.settlement.ports import SettlementStore
from consumption.settlement.rules import EndedCall, LeaseReturn


@dataclass(frozen=True)
class CommitEnds:
    """Count each ended call once, however often its batch comes."""

    store: SettlementStore
    clock: Clock

    async def __call__(self, holder: str, calls: Sequence[EndedCall], returns: Sequence[LeaseReturn]) -> int:
        """How many calls were new."""
        return await self.store.commit(holder, calls, returns, self.clock.now())


@dataclass(frozen=True)
class SealHolder:
    """Take back what a finished process still leased."""

    store: SettlementStore
    clock: Clock

    async def __call__(self, holder: str) -> None:
        """Sealing again changes nothing."""
        await self.store.seal(holder, self.clock.now())
