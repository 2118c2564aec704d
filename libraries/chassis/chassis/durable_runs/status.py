"""Where a run stands, as one answer for every engine."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class RunState(StrEnum):
    """The life of a run: queued, running, then one of three ends."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self in {RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}


@dataclass(frozen=True)
class RunError:
    """Why a run failed: the code and message of the step's own error; `step` is empty when no step is to blame."""

    code: str
    message: str
    step: str = ""
    details: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class RunStatus:
    """`started_at` is when the start was accepted, `ended_at` is None while the run goes on."""

    run_id: str
    workflow: str
    version: int
    state: RunState
    progress: dict[str, Any] | None
    result: dict[str, Any] | None
    error: RunError | None
    started_at: datetime
    ended_at: datetime | None
