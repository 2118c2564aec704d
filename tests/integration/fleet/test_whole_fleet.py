"""The fleet as a newcomer runs it: real engines and migrations, with stub services behind real processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from fakes.stub_services import write_stub_services

from fleet.ports import Ports, free_ports
from fleet.status import FleetStatus, PartStatus, read_status


@dataclass(frozen=True)
class Machine:
    folder: Path
    ports: Ports
    stubs: Path

    @property
    def environment(self) -> dict[str, str]:
        plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        ours = {"PYTHONPATH": str(self.stubs), "FLEET_DATA_FOLDER": str(self.folder), "FLEET_DEVELOPMENT": "no"}
        return plain | ours | self.ports.as_variables()

    def run(self, deed: str, **more: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "fleet", deed]
        environment = self.environment | more
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    @contextmanager
    def started(self) -> Iterator["subprocess.Popen[str]"]:
        """A fleet that is up, and that is ended whatever the test does with it."""
        process = self._start()
        try:
            until(lambda: process.poll() is not None or is_up(self.status()))
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()

    def _start(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "fleet", "up"]
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def status(self) -> FleetStatus:
        return read_status(self.folder)

    def part(self, name: str) -> PartStatus:
        return next(part for part in self.status().parts if part.name == name)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    folder = tmp_path_factory.mktemp("machine")
    return Machine(folder / "data", free_ports(), write_stub_services(folder / "stubs"))


@pytest.fixture
def fleet(machine: Machine) -> Iterator["subprocess.Popen[str]"]:
    with machine.started() as process:
        yield process


def until(condition: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def lives(process: psutil.Process) -> bool:
    """Whether it still does anything: an orphan that ended stays in the table until the system's init looks."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_up(status: FleetStatus) -> bool:
    return status.running and bool(status.parts) and all(part.state in {"ready", "done"} for part in status.parts)


def test_every_part_is_shown_with_its_state_ports_memory_and_log(machine: Machine, fleet: object) -> None:
    status = machine.status()
    assert is_up(status)
    assert [part.name for part in status.parts][:3] == ["postgres", "valkey", "migrations"]
    alive = [part for part in status.parts if part.state == "ready"]
    assert all(part.pid and part.memory_bytes and part.uptime_seconds is not None for part in alive)
    assert machine.part("gateway").ports == [machine.ports["gateway.http"]]
    assert "ready to accept connections" in machine.part("postgres").log_lines[-1]
    assert machine.run("status").returncode == 0


def test_a_second_start_of_the_same_folder_is_one_clear_line(machine: Machine, fleet: "subprocess.Popen[str]") -> None:
    second = machine.run("up")
    assert second.returncode == 1
    assert second.stderr.startswith(f"error: A marketplace already runs in {machine.folder} (pid {fleet.pid})")
    assert len(second.stderr.splitlines()) == 1
    assert second.stdout == ""


def test_killed_parts_come_back_and_the_others_stay(machine: Machine, fleet: object) -> None:
    before = {part.name: part.pid for part in machine.status().parts}
    for name in ("postgres", "workers"):
        os.kill(before[name] or 0, signal.SIGKILL)
    until(
        lambda: is_up(machine.status()) and machine.part("workers").restarts == machine.part("postgres").restarts == 1
    )
    after = {part.name: part.pid for part in machine.status().parts}
    assert {name for name in before if before[name] != after[name]} == {"postgres", "workers"}


def test_ctrl_c_ends_everything_and_the_next_start_keeps_the_data(machine: Machine) -> None:
    with machine.started() as first:
        kept = (machine.folder / "secrets.json").read_text()
        family = psutil.Process(first.pid).children(recursive=True)
        first.send_signal(signal.SIGINT)
        said, _ = first.communicate(timeout=10)
        assert first.returncode == 0, said
        assert "Stopped in" in said
        assert not [child for child in family if lives(child)]
        assert not machine.status().running
    with machine.started():
        assert is_up(machine.status())
        assert (machine.folder / "secrets.json").read_text() == kept
        assert "events: up to date" in (machine.folder / "logs" / "migrations.log").read_text()


def test_nothing_outlives_a_killed_fleet_and_the_next_start_works(machine: Machine) -> None:
    with machine.started() as first:
        family = psutil.Process(first.pid).children(recursive=True)
        first.kill()
        first.communicate()
        with machine.started():
            assert is_up(machine.status())
            assert not [child for child in family if lives(child)]


def test_a_port_in_use_is_one_clear_line_and_starts_nothing(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", machine.ports["admin.http"])):
        refused = machine.run("up")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: Port {machine.ports['admin.http']} is in use by ")
    assert len(refused.stderr.splitlines()) == 1
    assert not machine.status().running


def test_a_folder_that_cannot_be_used_is_one_clear_line(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = machine.run("up", FLEET_DATA_FOLDER=str(tmp_path / "file" / "data"))
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert "--data-folder" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_nothing_secret_is_on_a_command_line(machine: Machine, fleet: "subprocess.Popen[str]") -> None:
    secrets = json.loads((machine.folder / "secrets.json").read_text()).values()
    family = psutil.Process(fleet.pid).children(recursive=True)
    words = " ".join(word for child in family for word in child.cmdline())
    assert not [secret for secret in secrets if secret in words]
