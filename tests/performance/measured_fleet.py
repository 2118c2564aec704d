"""A whole marketplace to measure, as `make dev` starts it: its demo vendor neither waits nor writes a ledger."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from fixtures.held_ports import held_offset
from fixtures.running_fleet import RunningFleet, end_by_force

from fleet.data_folder import DataFolder

START_SECONDS = 120.0
_QUIET_VARIABLES = {"DEMO_PROVIDER_LEDGER_FILE", "DEMO_PROVIDER_PACE_MS"}


@dataclass(frozen=True)
class Start:
    """Seconds: until everything was ready, and of each part from its start to its own readiness."""

    whole: float
    parts: dict[str, float]


class MeasuredFleet(RunningFleet):
    """Looks at nothing but the state file while it starts: asking each process for its memory would slow the start."""

    @property
    def environment(self) -> dict[str, str]:
        """As a developer has it, but for the limit per client address: all of a benchmark comes from one."""
        usual = {name: value for name, value in super().environment.items() if name not in _QUIET_VARIABLES}
        return usual | {"GATEWAY_COARSE_REQUESTS_PER_SECOND": "1000000"}

    def started(self) -> Start:
        """Start, and wait until every part and the public door say that they are ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        began = time.perf_counter()
        with (self.folder / "fleet.out").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fleet", "up"], env=self.environment, stdout=output, stderr=output
            )
        while not self._is_whole():
            assert self.process.poll() is None, self.tails()
            assert time.perf_counter() - began < START_SECONDS, self.tails()
            time.sleep(0.05)
        whole = time.perf_counter() - began
        return Start(whole, {row["name"]: row["ready_after_seconds"] for row in self._rows()})

    def pids(self) -> dict[str, int]:
        """The process of each part that runs, and the fleet's own."""
        assert self.process is not None
        return {row["name"]: row["pid"] for row in self._rows() if row["pid"]} | {"fleet": self.process.pid}

    def _rows(self) -> list[dict[str, object]]:
        try:
            said = json.loads(DataFolder(self.folder).state.read_text())
        except (OSError, ValueError):
            return []
        return said["parts"] if self.process is not None and said["pid"] == self.process.pid else []

    def _is_whole(self) -> bool:
        rows = self._rows()
        if not rows or {row["state"] for row in rows} - {"ready", "done"}:
            return False
        try:
            return self.http.get(f"{self.gateway}/ready").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def a_fleet() -> Generator[MeasuredFleet]:
    """A fleet on a folder of its own, not started; whatever runs at the end is ended."""
    client = httpx.Client(timeout=30, trust_env=False)
    with tempfile.TemporaryDirectory() as folder, client, held_offset() as offset:
        fleet = MeasuredFleet(Path(folder) / "data", offset, client)
        try:
            yield fleet
        finally:
            end_by_force(fleet)
