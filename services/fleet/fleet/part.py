"""One part of the marketplace on this machine: its command, how it shows that it is ready, how it is told to end."""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fleet.engine_account import EngineAccount

# Gets the process id; None when ready, else what is still missing in a few words.
Probe = Callable[[int], str | None]


def _nothing() -> None:
    return None


def _ready_at_once(_: int) -> str | None:
    return None


@dataclass(frozen=True)
class Part:
    """What the supervisor needs to know to start, watch and end one process."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    ports: Sequence[int] = ()
    depends_on: Sequence[str] = ()
    # Parts that it does not wait for, but that must outlive it.
    ends_before: Sequence[str] = ()
    probe: Probe = _ready_at_once
    # A part that is not alive any more, though its process is, gets killed and started again.
    alive: Probe = _ready_at_once
    # A step rather than a server: ready when it has ended well, not started again after that.
    is_step: bool = False
    # Where it fails, the others go on without it.
    is_optional: bool = False
    # Done before each start: make folders, clean up after a crash. It may block.
    prepare: Callable[[], None] = _nothing
    # One after the other until the process has ended; SIGKILL follows by itself.
    stop_signals: Sequence[signal.Signals] = (signal.SIGTERM,)
    stop_within_seconds: float = 3.0
    # Sent by the kernel where the fleet itself was killed.
    death_signal: signal.Signals = signal.SIGKILL
    account: EngineAccount | None = None
    working_folder: Path | None = None
    ready_within_seconds: float = 60.0
