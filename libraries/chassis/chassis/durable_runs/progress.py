"""How far a run of phases is: the list that whoever waits for it looks at."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from chassis.clock import rfc3339


class PhaseState(StrEnum):
    """The life of a phase."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class UndoState(StrEnum):
    """The undoing of a phase; failed asks for a person."""

    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"


class Progress:
    """`{"phases": [{"name", "state", "started_at", "ended_at", "report", "undo"}, ...]}` in the order of the table."""

    def __init__(self, names: Sequence[str]) -> None:
        empty = {"started_at": None, "ended_at": None, "report": None, "undo": None}
        self._rows: dict[str, dict[str, Any]] = {
            name: {"name": name, "state": PhaseState.WAITING, **empty} for name in names
        }

    def enter(self, name: str, now: datetime) -> None:
        """A phase begins."""
        self._rows[name].update(state=PhaseState.RUNNING, started_at=rfc3339(now))

    def undo(self, name: str, state: UndoState) -> None:
        """The undoing of a phase begins or ends."""
        self._rows[name]["undo"] = state

    def leave(self, name: str, state: PhaseState, now: datetime, report: object = None) -> None:
        """A phase ends."""
        self._rows[name].update(state=state, ended_at=rfc3339(now), report=report)

    def shown(self) -> dict[str, Any]:
        """The progress as JSON, a copy."""
        return {"phases": [dict(row) for row in self._rows.values()]}
