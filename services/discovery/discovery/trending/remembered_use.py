"""What is busiest, asked of the database at most every few seconds."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from discovery.trending.ports import RecentUse, UseReader
from discovery.trending.rules import Window


class RememberedUse:
    """Answers from memory while an answer is younger than `lifetime`."""

    def __init__(self, inner: UseReader, lifetime: timedelta) -> None:
        self._inner = inner
        self._lifetime = lifetime
        self._known: dict[Window, tuple[datetime, Sequence[RecentUse]]] = {}

    async def busiest(self, window: Window, now: datetime) -> Sequence[RecentUse]:
        """The most used listings of the window, the busiest first."""
        known = self._known.get(window)
        if known is None or now - known[0] >= self._lifetime:
            known = (now, await self._inner.busiest(window, now))
            self._known[window] = known
        return known[1]
