"""The loop of a consumer: how long it waits after a failure, whatever comes meanwhile."""

import asyncio
from datetime import UTC, datetime

import pytest

from chassis.errors import MarketplaceError, Unavailable
from chassis.event_log.consuming import run_consumers
from chassis.event_log.news import News
from chassis.event_log.port import Consumer, EventFailed, RecordedEvent

TOPIC = "topic"
EVENT = RecordedEvent("evt_1", TOPIC, "key", "Happened", "tests", datetime(2026, 11, 30, tzinfo=UTC), b"", 1)


class FailingLog:
    """Fails again and again, while there is news all the time; `tried_at` are seconds of the loop."""

    def __init__(self, error: MarketplaceError) -> None:
        self._error = error
        self._news = News()
        self.tried_at: list[float] = []

    async def consume_once(self, _: Consumer) -> int:
        self.tried_at.append(asyncio.get_running_loop().time())
        raise self._error

    async def replay(self, _: Consumer) -> int:
        return 0

    def heard(self, topic: str) -> int:
        return self._news.heard(topic)

    async def wait_for_news(self, topic: str, seen: int, timeout_seconds: float) -> None:
        await self._news.wait(topic, seen, timeout_seconds)

    async def tell_until_tried(self, times: int) -> None:
        while len(self.tried_at) < times:
            self._news.tell([TOPIC])
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("error", [EventFailed(EVENT, pause=0.3), Unavailable("The index is away.")])
async def test_news_does_not_shorten_the_pause_after_a_failure(error: MarketplaceError) -> None:
    log = FailingLog(error)
    running = asyncio.create_task(run_consumers(log, [Consumer("tests.group", TOPIC, {})]))
    await asyncio.wait_for(log.tell_until_tried(3), 10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    first, second, third = log.tried_at[:3]
    # A clock may tick a little early.
    assert second - first > 0.19
    assert third - second > 0.29
