"""The database under consumption: transactions that take a moment, fail, or commit without anybody hearing of it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TypeVar

from simulation.lease_model import LeaseModel
from simulation.mortality import Mortal
from simulation.settlement_model import SettlementModel

from chassis.errors import Unavailable
from consumption.budgets.ports import LeaseAnswer, Recalled
from consumption.budgets.recalls import GivenBack, RecallRound
from consumption.budgets.rules import Wish
from consumption.settlement.rules import EndedCall, LeaseReturn, UnmadeCall

T = TypeVar("T")
_LOST_COMMIT = 0.02
_SECONDS = (0.0, 0.0, 0.0, 0.003)


@dataclass
class VirtualDatabase:
    """What all processes of consumption share; `notify` hears what a commit tells."""

    dice: Random
    leases: LeaseModel
    settlement: SettlementModel
    down: bool = False
    hearers: list[Callable[[str, str], None]] = field(default_factory=list[Callable[[str, str], None]])

    async def transaction(self, process: Mortal, deed: Callable[[], T]) -> T:
        """One transaction of a process, which may die before or after its commit."""
        await asyncio.sleep(self.dice.choice(_SECONDS))
        if self.down:
            raise Unavailable("The database does not answer.")
        lost = self.dice.random() < _LOST_COMMIT
        result = process.effect("commit", lambda _: deed())
        notices = self.leases.tables.notices
        told, notices[:] = list(dict.fromkeys(notices)), []
        for channel, payload in told:
            for hear in self.hearers:
                hear(channel, payload)
        if lost:
            raise Unavailable("The connection was lost at the commit.")
        return result


@dataclass(frozen=True)
class VirtualStores:
    """LeaseStore, RecallStore and SettlementStore of one process of consumption."""

    database: VirtualDatabase
    process: Mortal

    async def acquire(
        self, holder: str, request_id: str, wishes: Sequence[Wish], now: datetime, recall: RecallRound | None = None
    ) -> LeaseAnswer:
        acquire = self.database.leases.acquire
        return await self._do(lambda: acquire(holder, request_id, wishes, now, recall))

    async def forget_answers(self, holder: str, below: str) -> None:
        await self._do(lambda: self.database.leases.forget_answers(holder, below))

    async def waiting(self, holder: str) -> list[Recalled]:
        return await self._do(lambda: self.database.leases.waiting(holder))

    async def give_back(self, holder: str, return_id: str, given: Sequence[GivenBack]) -> None:
        await self._do(lambda: self.database.leases.give_back(holder, return_id, given))

    async def commit(
        self,
        holder: str,
        calls: Sequence[EndedCall],
        returns: Sequence[LeaseReturn],
        now: datetime,
        unmade: Sequence[UnmadeCall] = (),
    ) -> int:
        assert not unmade, "no simulated call comes with an Idempotency-Key"
        return await self._do(lambda: self.database.settlement.commit(holder, calls, returns))

    async def seal(self, holder: str, now: datetime) -> None:
        await self._do(lambda: self.database.settlement.seal(holder))

    async def _do(self, deed: Callable[[], T]) -> T:
        return await self.database.transaction(self.process, deed)
