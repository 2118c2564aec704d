"""Tells everybody who watches which keys' records must be forgotten."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from chassis.errors import Unavailable
from chassis.event_log.port import RecordedEvent
from consumption.keys.events import CHANGED, REVOKED, ROTATED
from marketplace.consumption.v1.keys_pb2 import KeyChange
from marketplace.events.v1.key_pb2 import BudgetChanged, TierChanged

MAX_WAITING_CHANGES = 10_000
BEAT_SECONDS = 0.5
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
    """Hands changes to everybody who watches, and a beat where there is none."""

    def __init__(self) -> None:
        self._watchers: set[_Watcher] = set()

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
            yield KeyChange()
            while not watcher.lost:
                yield await _next(watcher)
        finally:
            self._watchers.discard(watcher)
        raise WatcherTooSlow("Too many changes wait for this watcher: ask again, and forget what is known.")


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


async def _next(watcher: _Watcher) -> KeyChange:
    try:
        async with asyncio.timeout(BEAT_SECONDS):
            return await watcher.changes.get()
    except TimeoutError:
        return KeyChange()
