"""A fleet that runs, as a newcomer sees it; one for all tests here."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator

import psutil
import pytest
from fixtures.stub_fleet import Machine, is_up, until


@pytest.fixture(scope="module")
def fleet(machine: Machine) -> Iterator["subprocess.Popen[str]"]:
    with machine.started() as process:
        yield process


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


def test_nothing_secret_is_on_a_command_line(machine: Machine, fleet: "subprocess.Popen[str]") -> None:
    secrets = json.loads((machine.folder / "secrets.json").read_text()).values()
    family = psutil.Process(fleet.pid).children(recursive=True)
    words = " ".join(word for child in family for word in child.cmdline())
    assert not [secret for secret in secrets if secret in words]


def test_killed_parts_come_back_and_the_others_stay(machine: Machine, fleet: object) -> None:
    before = {part.name: part.pid for part in machine.status().parts}
    for name in ("postgres", "workers"):
        os.kill(before[name] or 0, signal.SIGKILL)
    until(
        lambda: is_up(machine.status()) and machine.part("workers").restarts == machine.part("postgres").restarts == 1
    )
    after = {part.name: part.pid for part in machine.status().parts}
    assert {name for name in before if before[name] != after[name]} == {"postgres", "workers"}
