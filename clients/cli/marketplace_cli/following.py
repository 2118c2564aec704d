"""Follows a run as it changes, over broken lines, until nothing more happens or the time is over."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chassis.errors import MarketplaceError, TimedOut, Unavailable
from marketplace_cli.api_client import ApiClient, Json, World

_POLL_SECONDS = 0.5
_ENDED = frozenset({"succeeded", "failed"})


@dataclass(frozen=True)
class Following:
    """How long to follow, and by what."""

    api: ApiClient
    world: World
    seconds: float

    def run(self, run_id: str) -> Iterator[Json]:
        """The run at first and whenever it changed; the last one has ended. Raises TimedOut."""
        until = self.world.now() + self.seconds
        while True:
            for run in self._quietly(lambda: self._changes(run_id, until)):
                yield run
                if run["state"] in _ENDED:
                    return
            self.world.pause(_POLL_SECONDS)
            if self.world.now() > until:
                raise TimedOut(f"The run goes on without us: `marketplace runs {run_id} --watch` follows it again.")

    def _changes(self, run_id: str, until: float) -> Iterator[Json]:
        with self.api.events("GET", f"/api/v1/runs/{run_id}/events") as (_, events):
            for event in events:
                if event.data:
                    yield json.loads(event.data)
                if self.world.now() > until:
                    return

    def _quietly(self, changes: Callable[[], Iterator[Json]]) -> Iterator[Json]:
        """A line that broke is not the end of the run; a refusal is."""
        try:
            yield from changes()
        except (Unavailable, TimedOut):
            return
        except MarketplaceError as error:
            if error.details.get("status") != 429:
                raise
