"""News of topics inside one process: who waits for one topic is not woken by what is appended to another."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable


def replay_of(group: str) -> str:
    """The topic whose news asks a group to try again what it set aside."""
    return f"replay/{group}"


class News:
    """Counts what was heard of each topic, and wakes who waits for it."""

    def __init__(self) -> None:
        self._heard: dict[str, int] = defaultdict(int)
        self._of_all = 0
        self._bells: dict[str, asyncio.Event] = {}

    def heard(self, topic: str) -> int:
        """A number that grows with each piece of news of a topic."""
        return self._of_all + self._heard[topic]

    def tell(self, topics: Iterable[str]) -> None:
        """There is something new in these topics."""
        for topic in topics:
            self._heard[topic] += 1
            if topic in self._bells:
                self._bells.pop(topic).set()

    def tell_all(self) -> None:
        """There may be something new in any topic."""
        self._of_all += 1
        for topic in list(self._bells):
            self._bells.pop(topic).set()

    async def wait(self, topic: str, seen: int, timeout_seconds: float) -> None:
        """Return when there was news of a topic since `seen`, or after the time-out."""
        if self.heard(topic) > seen:
            return
        bell = self._bells.setdefault(topic, asyncio.Event())
        try:
            async with asyncio.timeout(timeout_seconds):
                await bell.wait()
        except TimeoutError:
            return
