"""What is known of a part while it runs: its state, how often it was started again, and what it said last."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a part is in its life."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    # Alive, but its readiness probe says what is missing.
    DEGRADED = "degraded"
    BACKING_OFF = "backing off"
    STOPPING = "stopping"
    STOPPED = "stopped"
    # A step that ended well.
    DONE = "done"
    FAILED = "failed"


@dataclass
class PartState:
    """Changed by the one task that runs the part; read by everybody else."""

    name: str
    state: State = State.WAITING
    pid: int | None = None
    started_at: float | None = None
    ready_after_seconds: float | None = None
    restarts: int = 0
    problem: str | None = None

    @property
    def is_ready(self) -> bool:
        """Others may start that depend on it."""
        return self.state in {State.READY, State.DONE}
