"""The EventLog port: at least once to each consumer group, in order per key, appended in the fact's transaction.

An event that fails again and again is set aside, and behind it those of its key that come after. They are tried again
in order, when a worker starts and when somebody asks.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chassis.database.transaction import Transaction
from chassis.errors import MarketplaceError


@dataclass(frozen=True)
class Event:
    """A fact, in the terms of CloudEvents 1.0: `key` is its subject, `data` the bytes of a protobuf message."""

    id: str
    topic: str
    key: str
    type: str
    source: str
    time: datetime
    data: bytes


@dataclass(frozen=True)
class RecordedEvent(Event):
    """An event with its place in its topic, from 1 without gaps."""

    position: int = 0


Handler = Callable[[Transaction, RecordedEvent], Awaitable[None]]


@dataclass(frozen=True)
class Consumer:
    """One group's reader of one topic. `group` starts with its service's name, as in `discovery.indexing`.

    A handler's writes and the cursor move in one transaction, so that each event takes effect once. A type without
    a handler is passed over.
    """

    group: str
    topic: str
    handlers: Mapping[str, Handler]
    tries: int = 5
    batch: int = field(default=100)


class EventFailed(MarketplaceError):
    """An event did not take effect: it is tried again, `pause` seconds later. What came before it holds."""

    code = "event_failed"

    def __init__(self, event: RecordedEvent, pause: float) -> None:
        super().__init__(f"{event.type} {event.id} is tried again in {pause:g} s.")
        self.pause = pause


class EventLog(Protocol):
    """Where facts are appended and read."""

    async def append(self, transaction: Transaction, events: Sequence[Event]) -> None:
        """Append inside the transaction of the fact: with its rollback the events never were."""
        ...

    async def read(self, topic: str, after: int, at_most: int) -> list[RecordedEvent]:
        """Events of a topic after a position, in order."""
        ...

    async def head(self, topic: str) -> int:
        """The position of the newest event of a topic; 0 for none."""
        ...

    async def consume_once(self, consumer: Consumer) -> int:
        """Take one batch; how many events took effect or were set aside. Raises EventFailed."""
        ...

    def heard(self, topic: str) -> int:
        """A number that grows with each piece of news of a topic; take it before reading, for `wait_for_news`."""
        ...

    async def wait_for_news(self, topic: str, seen: int, timeout_seconds: float) -> None:
        """Return when there was news of a topic since `seen`, or after the time-out."""
        ...
