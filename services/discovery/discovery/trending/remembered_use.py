"""What is busiest, asked of the database at most every few seconds."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from discovery.indexing.rules import Viewer
from discovery.trending.ports import RecentUse, UseReader
from discovery.trending.rules import Window

# Of a few hundred listings each.
_MOST_REMEMBERED = 64


class RememberedUse:
    """Answers from memory while an answer is younger than `lifetime`; each viewer has answers of its own."""

    def __init__(self, inner: UseReader, lifetime: timedelta) -> None:
        self._inner = inner
        self._lifetime = lifetime
        self._known: dict[tuple[Window, Viewer], tuple[datetime, Sequence[RecentUse]]] = {}

    async def busiest(self, window: Window, viewer: Viewer, now: datetime) -> Sequence[RecentUse]:
        """The most used listings of the window among what the viewer may see, the busiest first."""
        known = self._known.get((window, viewer))
        if known is None or now - known[0] >= self._lifetime:
            known = (now, await self._inner.busiest(window, viewer, now))
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[window, viewer] = known
        return known[1]
