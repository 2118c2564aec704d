"""The development machine is prepared once; a second start keeps its key."""

from pathlib import Path

from fleet.access_file import Access, read_access
from fleet.data_folder import DataFolder
from fleet.demo_publication import Demo
from fleet.development import prepare
from fleet.machine import Machine
from fleet.machine_secrets import keep_secrets
from fleet.part import Part
from fleet.ports import DEFAULT_PORTS, Ports


def machine_in(folder: Path, ports: dict[str, int]) -> Machine:
    engines = (Part("postgres", []), Part("valkey", []))
    secrets = keep_secrets(folder / "secrets.json")
    return Machine(
        DataFolder(folder), Ports(ports), secrets, "postgresql://u:p@/postgres?host=%2Fs", "unix://", engines
    )


def test_the_key_is_made_once_and_the_gateway_follows_the_ports(tmp_path: Path) -> None:
    made: list[Access] = []

    def make_key(access: Access, _: Machine) -> Demo:
        made.append(access)
        return Demo("demo/demo-chat", f"key-{len(made)}")

    path = tmp_path / "access.json"
    prepare(path, machine_in(tmp_path, DEFAULT_PORTS), make_key)
    moved = prepare(path, machine_in(tmp_path, DEFAULT_PORTS | {"gateway.http": 9}), make_key)
    assert (moved.demo_key, moved.gateway) == ("key-1", "http://127.0.0.1:9")
    assert read_access(path) == moved
    assert path.stat().st_mode & 0o777 == 0o600
    assert [access.demo_key for access in made] == [""]


def test_an_incomplete_file_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "access.json"
    path.write_text('{"gateway": "http://127.0.0.1"}')
    assert read_access(path) is None
