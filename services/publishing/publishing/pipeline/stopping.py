"""How a run is stopped: by itself, or from outside where it ended without."""

from dataclasses import dataclass

from publishing.lifecycle.actions import StopVersion
from publishing.lifecycle.rules import Stop
from publishing.listings.rules import State
from publishing.pipeline.ports import Approvals, PhaseLedger
from publishing.pipeline.publication_phases import APPROVAL, PHASE_NAMES
from publishing.pipeline.rules import Json

_BEFORE_APPROVAL = frozenset(PHASE_NAMES[: PHASE_NAMES.index(APPROVAL)])


@dataclass(frozen=True)
class StopRun:
    """Stops a version that its run did not publish, and writes it down in the run's phases; safe to do twice."""

    approvals: Approvals
    stop_version: StopVersion
    ledger: PhaseLedger

    async def __call__(self, version_id: str, stop: Stop, details: Json) -> State:
        """The state in which the version ended. Raises VersionNotFound, or what admin answers."""
        if stop.phase not in _BEFORE_APPROVAL:
            # Once more, and first: while admin is away the version waits, so that no approval of a stopped one is left.
            await self.approvals.withdraw(version_id, stop.message[:500])
        state = await self.stop_version(version_id, stop)
        await self.ledger.stopped(version_id, stop.phase, {"code": stop.code, "message": stop.message, **details})
        return state
