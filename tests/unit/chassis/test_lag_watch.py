"""LagWatch: the metric follows what is read, and outlives a time when nothing can be read."""

import asyncio
from collections.abc import Mapping

import pytest
from prometheus_client import CollectorRegistry

from chassis.errors import Unavailable
from chassis.event_log import lag_watch
from chassis.event_log.lag_watch import LagWatch
from chassis.metrics import exposition


async def test_the_metric_follows_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag_watch, "LOOK_SECONDS", 0.0)
    answers: list[Mapping[tuple[str, str], int] | Unavailable] = [
        {("discovery.indexing", "marketplace.listing.v1"): 7},
        Unavailable("gone"),
        {("discovery.indexing", "marketplace.listing.v1"): 2},
    ]
    told = asyncio.Event()

    async def read() -> Mapping[tuple[str, str], int]:
        if not answers:
            told.set()
            return {}
        answer = answers.pop(0)
        if isinstance(answer, Unavailable):
            raise answer
        return answer

    registry = CollectorRegistry()
    watching = asyncio.create_task(LagWatch(registry, read).run())
    await asyncio.wait_for(told.wait(), 5)
    watching.cancel()
    line = b'marketplace_event_lag{group="discovery.indexing",topic="marketplace.listing.v1"} 2.0'
    assert line in exposition(registry).splitlines()
