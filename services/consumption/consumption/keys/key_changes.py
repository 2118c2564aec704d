"""Tells everybody who watches which keys' records must be forgotten."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from chassis.errors import Unavailable
from chassis.event_log.port import RecordedEvent
from consumption.keys.events import CHANGED, REVOKED, ROTATED
from marketplace.consumption.v1.keys_pb2 import KeyChange
from marketplace.events.v1.key_pb2 import BudgetChanged, TierChanged

MAX_WAITING_CHANGES = 10_000
BEAT_SECONDS = 0.5
# At rest the end of the topic is seen once a second.
_HEARD_SECONDS = 2.5
_OF_ONE_KEY = frozenset({CHANGED, REVOKED, ROTATED})


class WatcherTooSlow(Unavailable):
    """So many changes wait that some would be lost: the watcher must start again and forget all it knows."""

    code = "watcher_too_slow"


@dataclass(eq=False)
class _Watcher:
    changes: "asyncio.Queue[KeyChange]" = field(default_factory=lambda: asyncio.Queue(MAX_WAITING_CHANGES))
    lost: bool = False

    def tell(self, change: KeyChange) -> None:
        """Put a change into the queue; where it is full, the watcher has lost touch."""
        try:
            self.changes.put_nowait(change)
        except asyncio.QueueFull:
            self.lost = True


class KeyChanges:
    """Hands changes to everybody who watches, and a beat where there is none.

    A beat says that nothing changed: so there is none as long as this process does not hear of changes itself.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._heard_at = -_HEARD_SECONDS
        self._news = asyncio.Event()
        self._watchers: set[_Watcher] = set()

    def heard(self) -> None:
        """All changes until now were taken."""
        self._heard_at = self._monotonic()
        self._news.set()

    async def take(self, event: RecordedEvent) -> None:
        """Take one event of the key topic."""
        change = change_of(event)
        if change is not None:
            for watcher in self._watchers:
                watcher.tell(change)

    async def watch(self) -> AsyncIterator[KeyChange]:
        """Changes from now on, after a first beat that says since when. Raises WatcherTooSlow."""
        watcher = _Watcher()
        self._watchers.add(watcher)
        try:
            yield await self._beat()
            while not watcher.lost:
                yield await self._next(watcher)
        finally:
            self._watchers.discard(watcher)
        raise WatcherTooSlow("Too many changes wait for this watcher: ask again, and forget what is known.")

    async def _next(self, watcher: _Watcher) -> KeyChange:
        while True:
            try:
                async with asyncio.timeout(BEAT_SECONDS):
                    return await watcher.changes.get()
            except TimeoutError:
                if self._hears():
                    return KeyChange()

    async def _beat(self) -> KeyChange:
        while not self._hears():
            self._news.clear()
            await self._news.wait()
        return KeyChange()

    def _hears(self) -> bool:
        return self._monotonic() - self._heard_at < _HEARD_SECONDS


def change_of(event: RecordedEvent) -> KeyChange | None:
    """What must be forgotten after an event; None where nothing must."""
    if event.type in _OF_ONE_KEY:
        return KeyChange(key_id=event.key)
    if event.type == TierChanged.DESCRIPTOR.full_name:
        return KeyChange(every_key=True)
    if event.type == BudgetChanged.DESCRIPTOR.full_name:
        fact = BudgetChanged.FromString(event.data)
        return KeyChange(every_key=True) if fact.kind == "platform" else KeyChange(team_id=fact.team_id)
    return None
