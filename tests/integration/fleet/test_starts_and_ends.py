"""A fleet that ends, in whatever way, starts again and keeps its data; one that cannot start says why in one line."""

import signal
import socket
from pathlib import Path

import psutil
from fixtures.stub_fleet import Machine, is_up, lives


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
