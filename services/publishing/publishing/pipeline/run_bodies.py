"""A run as it is shown by HTTP."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, PlainSerializer

from chassis.clock import rfc3339
from publishing.listings.rules import State
from publishing.pipeline.rules import PhaseState, RunState, RunView

Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]


class PhaseShown(BaseModel):
    """One phase: when it ran and what it found."""

    name: str
    state: PhaseState
    started_at: Moment | None
    ended_at: Moment | None
    report: dict[str, Any] | None


class StopShown(BaseModel):
    """Where and why a run stopped."""

    phase: str
    code: str
    message: str


class RunShown(BaseModel):
    """A run: ten phases in order."""

    run_id: str
    listing_id: str
    version: str
    version_state: State
    state: RunState
    error: StopShown | None
    phases: list[PhaseShown]


def run_shown(run: RunView) -> RunShown:
    """A run as it is answered."""
    return RunShown(
        run_id=run.run_id,
        listing_id=run.listing_id,
        version=run.version,
        version_state=run.version_state,
        state=run.state,
        error=StopShown(phase=run.phase, code=run.code, message=run.message) if run.code else None,
        phases=[
            PhaseShown(
                name=phase.name,
                state=phase.state,
                started_at=phase.started_at,
                ended_at=phase.ended_at,
                report=phase.report,
            )
            for phase in run.phases
        ],
    )
