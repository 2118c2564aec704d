"""Versions that no run carries on: a lost run starts again, one that ended without stopping its version is stopped."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from chassis.clock import Clock
from chassis.durable_runs.errors import RunNotFound
from chassis.durable_runs.port import DurableRuns
from chassis.durable_runs.status import RunError, RunStatus
from chassis.errors import KIND_FACTS, ErrorKind, MarketplaceError
from publishing.lifecycle.rules import Stop, stop_because
from publishing.pipeline.ports import WaitingVersions
from publishing.pipeline.publication_phases import PHASE_NAMES
from publishing.pipeline.rules import WaitingVersion, phase_of_key
from publishing.pipeline.stopping import StopRun
from publishing.pipeline.workflow import PUBLICATION

EVERY_SECONDS = 60.0
# Longer than a fact is on its way to the run that it starts.
PATIENCE = timedelta(minutes=10)
_LEFT_BEHIND = RunError("run_ended", "The run ended without the version: submit it again as a new one.")
_log = logging.getLogger("publishing.stranded_runs")


@dataclass(frozen=True)
class MendStrandedRuns:
    """One turn over all versions that have been in the pipeline for a while; safe to do beside the runs themselves."""

    waiting: WaitingVersions
    runs: DurableRuns
    stop_run: StopRun
    clock: Clock
    at_once: int = 100

    async def __call__(self) -> None:
        """Raises what passes by itself: a service or a database that is away."""
        since = self.clock.now() - PATIENCE
        after = ""
        while page := await self.waiting.page(since, after, self.at_once):
            for version in page:
                await self._looked_at(version)
            after = page[-1].listing_id

    async def _looked_at(self, version: WaitingVersion) -> None:
        try:
            await self._mend(version)
        except MarketplaceError as error:
            if KIND_FACTS[error.kind].retryable:
                raise
            # One that cannot be mended keeps no other from it.
            _log.error("version %s stays without a run: %s", version.version_id, error.code)

    async def _mend(self, version: WaitingVersion) -> None:
        try:
            run = await self.runs.status(version.version_id)
        except RunNotFound:
            _log.warning("the run of version %s is lost and starts again", version.version_id)
            await self.runs.start(PUBLICATION, version.version_id, version.run_argument)
            return
        if run.state.ended:
            stop = _stop_of(run)
            _log.warning("version %s is stopped after its run: %s", version.version_id, stop.code)
            await self.stop_run(version.version_id, stop, {})


def _stop_of(run: RunStatus) -> Stop:
    """Failed, whatever the cause: a run that stops its version itself says whether the version is to blame."""
    error = run.error or _LEFT_BEHIND
    phase = phase_of_key(error.step)
    return stop_because(phase if phase in PHASE_NAMES else "", error.code, error.message, ErrorKind.INTERNAL)


async def keep_mending(
    mend: Callable[[], Awaitable[None]], pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """A turn now and every minute until cancelled."""
    while True:
        try:
            await mend()
        except MarketplaceError as error:
            _log.warning("stranded runs are mended later: %s", error.code)
        await pause(EVERY_SECONDS)
