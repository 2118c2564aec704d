"""What a run looks like from outside."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from publishing.listings.rules import State

Json = dict[str, Any]


@dataclass(frozen=True)
class WaitingVersion:
    """A version in the pipeline; its run has its id."""

    listing_id: str
    version_id: str
    team_id: str

    @property
    def run_argument(self) -> Json:
        """What its run is started with."""
        return {"listing_id": self.listing_id, "version_id": self.version_id, "team_id": self.team_id}


class PhaseState(StrEnum):
    """The life of a phase as a publisher sees it."""

    PENDING = "pending"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNDONE = "undone"


class RunState(StrEnum):
    """The life of a run."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class PhaseView:
    """One phase: when it ran and what it found."""

    name: str
    state: PhaseState
    started_at: datetime | None = None
    ended_at: datetime | None = None
    report: Json | None = None


@dataclass(frozen=True)
class RunView:
    """A run with the version it publishes; phase, code and message say why it stopped."""

    run_id: str
    listing_id: str
    version: str
    version_state: State
    phase: str
    code: str
    message: str
    phases: Sequence[PhaseView] = field(default_factory=tuple[PhaseView, ...])

    @property
    def state(self) -> RunState:
        """Succeeded when every phase is through; failed once the version was stopped."""
        states = {phase.state for phase in self.phases}
        if self.version_state in {State.REJECTED, State.FAILED}:
            return RunState.FAILED
        if states <= {PhaseState.PASSED, PhaseState.SKIPPED}:
            return RunState.SUCCEEDED
        return RunState.QUEUED if states == {PhaseState.PENDING} else RunState.RUNNING

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in {RunState.SUCCEEDED, RunState.FAILED}


def phase_of_key(step_key: str) -> str:
    """The phase that a step belongs to: `do:validation` and `validation:second` are both validation's."""
    head, _, tail = step_key.partition(":")
    return tail if head in {"do", "undo"} else head
