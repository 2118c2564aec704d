"""The variables of each service: what its settings ask for, and nothing they do not know."""

import inspect
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from chassis.settings import ProcessSettings
from fleet.data_folder import DataFolder
from fleet.environment import TABLE, environment_of
from fleet.machine import Machine
from fleet.machine_secrets import keep_secrets
from fleet.part import Part
from fleet.ports import DEFAULT_PORTS, Ports


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    folder = tmp_path_factory.mktemp("machine")
    engines = (Part("postgres", []), Part("valkey", []))
    secrets = keep_secrets(folder / "secrets.json")
    url = "postgresql://postgres:super@/postgres?host=%2Fsock"
    return Machine(DataFolder(folder), Ports(DEFAULT_PORTS), secrets, url, "unix://v", engines)


@pytest.mark.parametrize("service", [prefix.lower() for prefix in TABLE])
def test_the_settings_of_each_service_read_their_environment(
    service: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = pytest.importorskip(f"{service}.settings", reason=f"{service} has no settings yet")
    classes = [one for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, ProcessSettings)]
    (settings,) = [one for one in classes if one.__module__ == module.__name__]
    for name, value in environment_of((service,), machine, {}).items():
        monkeypatch.setenv(name, value)
    assert settings.read().http_port == DEFAULT_PORTS.get(f"{service}.http", 0)


def test_no_service_gets_a_password_of_another(machine: Machine) -> None:
    found = environment_of(("discovery",), machine, {})
    others = {name: value for name, value in machine.secrets.values.items() if name.startswith("role.")}
    mine = {"role.discovery_runtime", "role.discovery_worker"}
    leaked = [name for name, value in others.items() if name not in mine and value in str(found)]
    assert leaked == []
    assert "super" not in str(found)


def test_a_roles_url_keeps_the_servers_socket(machine: Machine) -> None:
    url = urlsplit(machine.database_url("admin_runtime"))
    assert (url.username, url.path, url.query) == ("admin_runtime", "/marketplace", "host=%2Fsock")
    assert urlsplit(machine.superuser_url("marketplace")).username == "postgres"


def test_what_the_shell_sets_wins(machine: Machine) -> None:
    assert environment_of(("admin",), machine, {"ADMIN_HTTP_PORT": "1"})["ADMIN_HTTP_PORT"] == "1"


@pytest.mark.parametrize("service", ["publishing", "gateway", "consumption"])
def test_only_the_demo_provider_is_allow_listed_and_only_in_development(machine: Machine, service: str) -> None:
    variable = f"{service.upper()}_ENDPOINT_ALLOWLIST"
    found = environment_of((service,), machine, {})
    assert found[variable] == '["127.0.0.1:3010"]'
    found = environment_of((service,), replace(machine, development=False), {})
    assert found[variable] == "[]"


@pytest.mark.parametrize("workers", [1, 3])
def test_every_door_of_calls_knows_how_many_there_are_and_has_a_folder_of_its_own(
    machine: Machine, workers: int
) -> None:
    found = environment_of(("gateway", "consumption"), replace(machine, gateway_workers=workers), {})
    doors = ("GATEWAY", "CONSUMPTION")
    assert {found[f"{door}_EXPECTED_PROCESSES"] for door in doors} == {str(workers + 1)}
    assert len({found[f"{door}_DATA_FOLDER"] for door in doors}) == len(doors)
    for shared in ("VALKEY_URL", "KEY_PEPPER"):
        assert len({found[f"{door}_{shared}"] for door in doors}) == 1
