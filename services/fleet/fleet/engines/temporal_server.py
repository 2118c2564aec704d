"""Temporal as one process on the loopback address: the development server inside its command line."""

from dataclasses import dataclass
from pathlib import Path

from fleet.engines.releases import TEMPORAL
from fleet.engines.shelf import EngineShelf
from fleet.engines.tcp_probe import listening
from fleet.part import Part
from fleet.ports import HOST


@dataclass(frozen=True)
class TemporalServer:
    """One server: where it answers, and the part to start. Nothing is started here."""

    part: Part
    address: str


def temporal_server(shelf: EngineShelf, folder: Path, port: int) -> TemporalServer:
    """The server that keeps its runs in a file in `folder`. Raises EngineMissing."""
    binary = shelf.require(TEMPORAL) / "temporal"
    folder = folder.resolve()

    def prepare() -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    words = ["server", "start-dev", "--headless", "--ip", HOST, "--port", str(port), "--log-level", "error"]
    part = Part(
        name="temporal",
        command=[str(binary), *words, "--db-filename", str(folder / "temporal.db")],
        # Its command line keeps a configuration in the home folder; nothing of the user's shall count here.
        environment={"LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)},
        ports=[port],
        probe=listening(port),
        prepare=prepare,
        stop_within_seconds=8.0,
        ready_within_seconds=60.0,
    )
    return TemporalServer(part, f"{HOST}:{port}")
