"""A process that carries calls has the time that its own settings promise them."""

from collections.abc import Mapping

import pytest

from consumption.settings import ConsumptionSettings
from fleet.data_folder import DataFolder
from fleet.machine import Machine
from fleet.machine_secrets import keep_secrets
from fleet.part import Part
from fleet.ports import DEFAULT_PORTS, Ports
from fleet.topology import topology
from gateway.settings import GatewaySettings

Stops = Mapping[str, float]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    folder = tmp_path_factory.mktemp("machine")
    secrets = keep_secrets(folder / "secrets.json")
    url = "postgresql://postgres:super@/postgres?host=%2Fsock"
    engines = (Part("postgres", []), Part("valkey", []))
    return Machine(DataFolder(folder), Ports(DEFAULT_PORTS), secrets, url, "unix://v", engines, gateway_workers=2)


def stops(machine: Machine, inherited: Mapping[str, str]) -> Stops:
    return {part.name: part.stop_within_seconds for part in topology(machine, inherited, {})}


@pytest.mark.parametrize("name", ["GATEWAY_DRAIN_SECONDS", "gateway_drain_seconds"])
def test_each_gateway_may_drain_as_long_as_it_is_told(machine: Machine, name: str) -> None:
    found = stops(machine, {name: "30"})
    assert found["gateway"] == found["gateway-2"] == 31.5
    assert found["services"] == stops(machine, {})["services"]


def test_the_services_may_drain_as_long_as_consumption_is_told(machine: Machine) -> None:
    found = stops(machine, {"CONSUMPTION_DRAIN_SECONDS": "600"})
    assert found["services"] == 601.5
    assert found["gateway"] == stops(machine, {})["gateway"]


def test_unsaid_it_is_the_default_of_the_settings(machine: Machine) -> None:
    found = stops(machine, {})
    for name, settings in (("gateway", GatewaySettings), ("services", ConsumptionSettings)):
        assert found[name] == settings.model_fields["drain_seconds"].default + 1.5


@pytest.mark.parametrize("value", ["", "soon", "-1", "nan", "inf"])
def test_what_cannot_be_read_is_left_to_the_service_to_refuse(machine: Machine, value: str) -> None:
    variables = {"GATEWAY_DRAIN_SECONDS": value, "CONSUMPTION_DRAIN_SECONDS": value}
    assert stops(machine, variables) == stops(machine, {})
