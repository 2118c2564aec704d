"""Follows a run as it changes, over broken lines, until nothing more happens or the time is over."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from chassis.errors import MarketplaceError, TimedOut, Unavailable
from marketplace_cli.api_client import ApiClient, Json, World

_POLL_SECONDS = 0.5
_MOST_SILENT_TRIES = 40
_TOO_MANY = 429
_ENDED = frozenset({"succeeded", "failed"})


@dataclass(frozen=True)
class Following:
    """How long to follow, and by what."""

    api: ApiClient
    world: World
    seconds: float

    def run(self, run_id: str) -> Iterator[Json]:
        """The run at first and whenever it changed; the last one has ended. Raises TimedOut or what keeps us away."""
        until = self.world.now() + self.seconds
        silent = 0
        while silent < _MOST_SILENT_TRIES:
            silent += 1
            for run in self._over_a_line(run_id, until, last_try=silent == _MOST_SILENT_TRIES):
                silent = 0
                yield run
                if run["state"] in _ENDED:
                    return
            if self.world.now() > until:
                raise TimedOut(f"The run goes on without us: `marketplace runs {run_id} --watch` follows it again.")
            self.world.pause(_POLL_SECONDS)

    def _over_a_line(self, run_id: str, until: float, *, last_try: bool) -> Iterator[Json]:
        """A line that broke is not the end of the run; a refusal is."""
        try:
            yield from self._changes(run_id, until)
        except MarketplaceError as error:
            passing = isinstance(error, Unavailable | TimedOut) or error.details.get("status") == _TOO_MANY
            if last_try or not passing:
                raise

    def _changes(self, run_id: str, until: float) -> Iterator[Json]:
        with self.api.events("GET", f"/api/v1/runs/{run_id}/events") as (_, events):
            for event in events:
                if event.data:
                    yield json.loads(event.data)
                if self.world.now() > until:
                    return
