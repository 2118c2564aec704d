"""LagWatch: each metric follows what is read, and outlives a time when nothing can be read."""

import asyncio
from collections.abc import Mapping

import pytest
from prometheus_client import CollectorRegistry

from chassis.errors import Unavailable
from chassis.event_log import lag_watch
from chassis.event_log.lag_watch import LagWatch
from chassis.metrics import exposition

PLACE = ("discovery.indexing", "marketplace.listing.v1")
Answer = Mapping[tuple[str, str], int] | Unavailable


class Log:
    """Gives its answers one after the other."""

    def __init__(self, lag: list[Answer], set_aside: list[Answer]) -> None:
        self._lag = lag
        self._set_aside = set_aside
        self.read = asyncio.Event()

    async def lag(self) -> Mapping[tuple[str, str], int]:
        return self._next(self._lag)

    async def set_aside(self) -> Mapping[tuple[str, str], int]:
        return self._next(self._set_aside)

    def _next(self, answers: list[Answer]) -> Mapping[tuple[str, str], int]:
        if not answers:
            self.read.set()
            return {}
        answer = answers.pop(0)
        if isinstance(answer, Unavailable):
            raise answer
        return answer


async def test_each_metric_follows_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag_watch, "LOOK_SECONDS", 0.0)
    log = Log([{PLACE: 7}, Unavailable("gone"), {PLACE: 2}], [{PLACE: 0}, {PLACE: 1}])
    registry = CollectorRegistry()
    watching = asyncio.create_task(LagWatch(registry, log).run())
    await asyncio.wait_for(log.read.wait(), 5)
    watching.cancel()
    lines = exposition(registry).splitlines()
    assert b'marketplace_event_lag{group="discovery.indexing",topic="marketplace.listing.v1"} 2.0' in lines
    assert b'marketplace_events_set_aside{group="discovery.indexing",topic="marketplace.listing.v1"} 1.0' in lines
