"""Follows runs for people who wait: bounded in time and in how many wait at once."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chassis.clock import Clock
from publishing.pipeline.errors import RunUnknown, TooManyWatchers
from publishing.pipeline.ports import RunReads
from publishing.pipeline.rules import RunView

POLL_SECONDS = 0.5
SILENT_POLLS = 30
LONGEST = timedelta(minutes=15)
MAX_WATCHERS = 100


@dataclass
class WatchRun:
    """Reads a run once, or whenever it changed."""

    runs: RunReads
    clock: Clock
    poll_seconds: float = POLL_SECONDS
    _watching: set[object] = field(default_factory=set[object])

    async def once(self, tenant: str | None, run_id: str) -> RunView:
        """Raises RunUnknown."""
        run = await self.runs.run(tenant, run_id)
        if run is None:
            raise RunUnknown("There is no run of this id, or it is not your team's.")
        return run

    def admit(self) -> None:
        """Raises TooManyWatchers where this process follows as many runs as it may."""
        if len(self._watching) >= MAX_WATCHERS:
            raise TooManyWatchers("Too many runs are followed at once: ask again in a moment.", retry_after=5)

    async def changes(
        self, tenant: str | None, run_id: str, until: datetime, may_watch: Callable[[], bool]
    ) -> AsyncGenerator[RunView | None]:
        """The run at first and after each change; None now and then, so that a dead line is noticed.

        Ends at once when the watcher may watch no more: a withdrawn token withdraws what it opened.
        """
        token = object()
        self._watching.add(token)
        last = min(until, self.clock.now() + LONGEST)
        try:
            async for run in self._polls(tenant, run_id, lambda: may_watch() and self.clock.now() < last):
                yield run
        finally:
            self._watching.discard(token)

    async def _polls(
        self, tenant: str | None, run_id: str, goes_on: Callable[[], bool]
    ) -> AsyncGenerator[RunView | None]:
        last: RunView | None = None
        silent = 0
        while goes_on() and not (last and last.ended):
            run = await self.runs.run(tenant, run_id)
            silent = 0 if run != last else silent + 1
            if run is not None and run != last:
                last = run
                yield run
            elif silent % SILENT_POLLS == 0:
                yield None
            await asyncio.sleep(self.poll_seconds)
