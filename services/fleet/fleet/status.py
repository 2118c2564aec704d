"""What a running fleet says of itself: written by the fleet, read by `marketplace status`."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from fleet.child_process import last_lines
from fleet.data_folder import DataFolder, write_private
from fleet.part import Part
from fleet.part_state import PartState


@dataclass(frozen=True)
class PartStatus:
    """One part now; what is unknown is None. Memory is the part's own share (PSS) of all its processes, in bytes."""

    name: str
    state: str
    pid: int | None
    ports: Sequence[int]
    uptime_seconds: float | None
    memory_bytes: int | None
    restarts: int
    ready_after_seconds: float | None
    problem: str | None
    log_lines: Sequence[str]


@dataclass(frozen=True)
class FleetStatus:
    """The fleet of one data folder. `running` is False where none runs; then the states are the last known ones."""

    running: bool
    pid: int | None
    memory_bytes: int | None
    parts: Sequence[PartStatus]


def write_state(folder: DataFolder, parts: Sequence[Part], states: Sequence[PartState]) -> None:
    """Replace the state file."""
    ports = {part.name: list(part.ports) for part in parts}
    rows = [asdict(state) | {"ports": ports[state.name]} for state in states]
    write_private(folder.state, json.dumps({"pid": os.getpid(), "parts": rows}, indent=1), survives_power_loss=False)


def read_status(data_folder: Path, log_lines: int = 5) -> FleetStatus:
    """The present state of everything that runs in the folder."""
    folder = DataFolder(data_folder.absolute())
    holder = folder.holder()
    parts = [_part(folder, row, holder is not None, log_lines) for row in _rows(folder, holder)]
    own = _memory(holder)
    known = [part.memory_bytes for part in parts if part.memory_bytes is not None]
    return FleetStatus(holder is not None, holder, None if own is None else own + sum(known), parts)


def _rows(folder: DataFolder, holder: int | None) -> list[dict[str, Any]]:
    """What the fleet wrote; nothing where an earlier one wrote it and the present one has not said anything yet."""
    try:
        said = json.loads(folder.state.read_text(encoding="utf-8"))
        return said["parts"] if holder in {None, said["pid"]} else []
    except (OSError, ValueError, KeyError):
        return []


def _part(folder: DataFolder, row: dict[str, Any], running: bool, log_lines: int) -> PartStatus:
    pid = row["pid"] if running else None
    since = row["started_at"] if pid is not None else None
    return PartStatus(
        name=row["name"],
        state=row["state"] if running or row["state"] in {"failed", "done"} else "stopped",
        pid=pid,
        ports=row["ports"],
        uptime_seconds=None if since is None else max(0.0, time.time() - since),
        memory_bytes=_family_memory(pid),
        restarts=row["restarts"],
        ready_after_seconds=row["ready_after_seconds"],
        problem=row["problem"],
        log_lines=last_lines(folder.log(row["name"]), log_lines),
    )


def _family_memory(pid: int | None) -> int | None:
    if pid is None:
        return None
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return None
    shares = [_memory(process.pid) for process in family]
    return sum(share for share in shares if share is not None) if shares[0] is not None else None


def _memory(pid: int | None) -> int | None:
    if pid is None:
        return None
    try:
        return int(psutil.Process(pid).memory_full_info().pss)
    except (psutil.Error, AttributeError):
        return None
