"""The loops of a worker that reads the log, and of a process that follows it from now on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from chassis.ending_tasks import end_tasks
from chassis.errors import ErrorKind, MarketplaceError
from chassis.event_log.news import replay_of
from chassis.event_log.port import Consumer, EventFailed, EventLog, RecordedEvent

# Readers are woken by news; the poll is for news that was lost. Each one costs two transactions.
POLL_SECONDS = 1.0
_READ_AT_ONCE = 500
LONGEST_PAUSE_SECONDS = 5.0
_log = logging.getLogger("event_log")


class Consuming(Protocol):
    """What a loop needs of whatever takes events: a log, or the relay of one."""

    async def consume_once(self, consumer: Consumer) -> int:
        """Take one batch; how many events. Raises EventFailed."""
        ...

    async def replay(self, consumer: Consumer) -> int:
        """Try again what was set aside; how many took effect now."""
        ...

    def heard(self, topic: str) -> int:
        """A number that grows with each piece of news of a topic."""
        ...

    async def wait_for_news(self, topic: str, seen: int, timeout_seconds: float) -> None:
        """Return when there was news of a topic since `seen`, or after the time-out."""
        ...


async def run_consumers(log: Consuming, consumers: Sequence[Consumer]) -> None:
    """Take events for all consumers until cancelled; a failing one backs off and does not hold up the others.

    What a group set aside is tried again first, and whenever `python -m fleet replay` asks for it.
    What is no MarketplaceError ends them all, and is raised.
    """
    running = [asyncio.create_task(_run(log, consumer)) for consumer in consumers]
    try:
        await asyncio.gather(*running)
    finally:
        await end_tasks(running)


async def _run(log: Consuming, consumer: Consumer) -> None:
    pause = 0.0
    # A deploy is what mends most of what was set aside: a start is as good a reason to try it again as being asked.
    heeded = None
    while True:
        seen, asked = log.heard(consumer.topic), log.heard(replay_of(consumer.group))
        try:
            if asked != heeded:
                await log.replay(consumer)
                heeded = asked
            taken = await log.consume_once(consumer)
        except MarketplaceError as error:
            _log.warning("%s waits: %s", consumer.group, error.code, exc_info=error.kind is ErrorKind.INTERNAL)
            pause = error.pause if isinstance(error, EventFailed) else min(LONGEST_PAUSE_SECONDS, max(0.2, pause * 2))
            # News is no reason to try earlier: it is of other events.
            await asyncio.sleep(pause)
            continue
        pause = 0.0
        # A batch that was not full was all there was when it was read; what came since has been heard of.
        if taken < consumer.batch:
            await log.wait_for_news(consumer.topic, seen, POLL_SECONDS)


async def follow(
    log: EventLog,
    topic: str,
    start: int,
    deed: Callable[[RecordedEvent], Awaitable[None]],
    reached: Callable[[], None] = lambda: None,
) -> None:
    """Do something in this process for each event after `start`, until cancelled; no cursor is kept.

    `reached` is told whenever the end of the topic was seen, at rest about once a second.
    """
    position = start
    while True:
        seen = log.heard(topic)
        try:
            events = await log.read(topic, position, _READ_AT_ONCE)
        except MarketplaceError as error:
            _log.warning("following %s waits: %s", topic, error.code)
            await log.wait_for_news(topic, seen, POLL_SECONDS)
            continue
        for event in events:
            await deed(event)
            position = event.position
        if len(events) < _READ_AT_ONCE:
            reached()
        if not events:
            await log.wait_for_news(topic, seen, POLL_SECONDS)


async def follow_from_now(
    log: EventLog,
    topic: str,
    deed: Callable[[RecordedEvent], Awaitable[None]],
    reached: Callable[[], None] = lambda: None,
) -> None:
    """Do something in this process for each event from now on, until cancelled; `reached` as with `follow`."""
    while True:
        try:
            start = await log.head(topic)
            break
        except MarketplaceError as error:
            _log.warning("following %s waits: %s", topic, error.code)
            await asyncio.sleep(POLL_SECONDS)
    await follow(log, topic, start, deed, reached)
