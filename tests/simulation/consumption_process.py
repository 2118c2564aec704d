"""A process of consumption: its real doors, actions and rules over the modelled database."""

import asyncio
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from simulation.mortality import Mortal
from simulation.network import Doors
from simulation.virtual_database import VirtualDatabase, VirtualStores

from consumption.budgets.actions import AcquireLeases
from consumption.budgets.grpc_api import LeasesDoor
from consumption.budgets.postgres_notices import RECALLED, RETURNED
from consumption.settlement.grpc_api import SettlementDoor

_LOST_NEWS = 0.05
_LEASES, _SETTLEMENT = "/marketplace.consumption.v1.Leases", "/marketplace.consumption.v1.Settlement"


@dataclass(frozen=True)
class VirtualClock:
    """The wall clock of a process; `now_microseconds` includes its skew."""

    now_microseconds: Callable[[], int]
    epoch: datetime

    def now(self) -> datetime:
        return self.epoch + timedelta(microseconds=self.now_microseconds())


@dataclass
class News:
    """LeaseNotices of one process: news comes after a moment, or never."""

    process: Mortal
    dice: Random
    _hearers: dict[tuple[str, str], dict[int, Any]] = field(default_factory=dict[tuple[str, str], dict[int, Any]])
    _number: int = 0

    @contextmanager
    def recalls_of(self, holder: str) -> Generator[Any]:
        with self._hearing([(RECALLED, holder)]) as news:
            yield news

    @contextmanager
    def returns_of(self, scope_ids: Iterable[str]) -> Generator[Any]:
        with self._hearing([(RETURNED, scope_id) for scope_id in scope_ids]) as news:
            yield news

    def hear(self, channel: str, payload: str) -> None:
        """Told by the database."""
        if not self.process.is_dead and self.dice.random() >= _LOST_NEWS:
            self.process.loop.call_later(0.001, self._tell, (channel, payload))

    def _tell(self, topic: tuple[str, str]) -> None:
        for news in list(self._hearers.get(topic, {}).values()):
            news.set()

    @contextmanager
    def _hearing(self, topics: list[tuple[str, str]]) -> Generator[Any]:
        news = asyncio.Event()
        self._number += 1
        number = self._number
        for topic in topics:
            self._hearers.setdefault(topic, {})[number] = news
        try:
            yield news
        finally:
            for topic in topics:
                self._hearers[topic].pop(number, None)


def doors_of(process: Mortal, database: VirtualDatabase, clock: VirtualClock, dice: Random) -> Doors:
    """The methods of both doors by their paths."""
    stores = VirtualStores(database, process)
    news = News(process, dice)
    database.hearers.append(news.hear)
    process.buried.append(lambda: database.hearers.remove(news.hear))
    leases = LeasesDoor(AcquireLeases(stores, news, clock, process.loop.time), stores, news)
    settlement = SettlementDoor(stores, clock)
    return {
        f"{_LEASES}/AcquireLeases": leases.AcquireLeases,
        f"{_LEASES}/WatchRecalls": leases.WatchRecalls,
        f"{_LEASES}/ReturnLeases": leases.ReturnLeases,
        f"{_SETTLEMENT}/CommitFrames": settlement.CommitFrames,
        f"{_SETTLEMENT}/SealHolder": settlement.SealHolder,
    }
