"""The fleet's own variables."""

from pathlib import Path

import pytest

from fleet.backing import MEANINGS, Backing
from fleet.errors import SettingRefused
from fleet.ports import DEFAULT_PORTS
from fleet.settings import FleetSettings, port_variables, settings_table


def test_without_variables_the_known_ports_and_folder_are_used() -> None:
    settings = FleetSettings.read({"PATH": "/bin"})
    assert dict(settings.ports.by_door) == DEFAULT_PORTS
    assert settings.data_folder == Path(".data").absolute()


def test_an_offset_moves_every_port_but_the_named_ones() -> None:
    settings = FleetSettings.read({"FLEET_PORT_OFFSET": "100", "FLEET_GATEWAY_HTTP_PORT": "9999"})
    assert settings.ports["gateway.http"] == 9999
    assert settings.ports.address("admin.grpc") == "127.0.0.1:4104"


def test_ports_survive_the_way_through_variables() -> None:
    moved = FleetSettings.read({"FLEET_PORT_OFFSET": "7"}).ports
    assert dict(FleetSettings.read(moved.as_variables()).ports.by_door) == dict(moved.by_door)


@pytest.mark.parametrize("variable", ["FLEET_PORT_OFSET", "FLEET_GATEWAY_PORT"])
def test_a_misspelt_variable_is_refused(variable: str) -> None:
    with pytest.raises(SettingRefused, match=variable):
        FleetSettings.read({variable: "1"})


@pytest.mark.parametrize("value", ["", "-1", "many", "65536"])
def test_a_number_that_is_no_port_is_refused(value: str) -> None:
    with pytest.raises(SettingRefused, match="FLEET_PORT_OFFSET"):
        FleetSettings.read({"FLEET_PORT_OFFSET": value})


@pytest.mark.parametrize(("text", "chosen"), [("yes", True), ("no", False)])
def test_development_is_chosen_by_a_word(text: str, chosen: bool) -> None:
    assert FleetSettings.read({"FLEET_DEVELOPMENT": text}).development is chosen
    with pytest.raises(SettingRefused, match="yes or no"):
        FleetSettings.read({"FLEET_DEVELOPMENT": text.upper()})


@pytest.mark.parametrize("text", ["0", "65", "-1", "many"])
def test_the_number_of_gateway_processes_has_bounds(text: str) -> None:
    assert FleetSettings.read({"FLEET_GATEWAY_WORKERS": "64"}).gateway_workers == 64
    with pytest.raises(SettingRefused, match="from 1 to 64"):
        FleetSettings.read({"FLEET_GATEWAY_WORKERS": text})


def test_children_inherit_everything_but_the_fleets_own_variables() -> None:
    settings = FleetSettings.read({"FLEET_PORT_OFFSET": "1", "DISCOVERY_LOG_LEVEL": "debug"})
    assert dict(settings.inherited) == {"DISCOVERY_LOG_LEVEL": "debug"}


def test_every_variable_is_in_the_table() -> None:
    names = {name for name, _, _ in settings_table()}
    own = {"DATA_FOLDER", "PORT_OFFSET", "DEVELOPMENT", "PROFILE", "ENGINES_FOLDER", "GATEWAY_WORKERS"}
    assert names == {f"FLEET_{name}" for name in own} | set(MEANINGS) | set(port_variables())


def test_everything_is_embedded_where_nothing_is_named() -> None:
    assert FleetSettings.read({}).backing == Backing()


def test_the_distributed_profile_means_the_engines_of_this_machine() -> None:
    backing = FleetSettings.read({"FLEET_PROFILE": "distributed", "FLEET_PORT_OFFSET": "10"}).backing
    assert backing == Backing(
        events="kafka://127.0.0.1:9102", index="http://127.0.0.1:9210", runs="temporal://127.0.0.1:7243/default"
    )


def test_each_part_moves_by_its_own_url_whatever_the_profile() -> None:
    url = "redis+sentinel://:secret@one:26379/rates"
    backing = FleetSettings.read({"FLEET_VALKEY_URL": url}).backing
    assert backing == Backing(valkey=url)
    mixed = FleetSettings.read({"FLEET_PROFILE": "distributed", "FLEET_EVENTS_URL": "kafka://elsewhere:9092"}).backing
    assert (mixed.events, mixed.index) == ("kafka://elsewhere:9092", "http://127.0.0.1:9200")
    assert "secret" not in repr(backing)


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(SettingRefused, match="embedded or distributed"):
        FleetSettings.read({"FLEET_PROFILE": "cloud"})


def test_an_own_variable_reaches_the_fleets_own_children_alone() -> None:
    settings = FleetSettings.read({"FLEET_POSTGRES_URL": "postgresql://a:b@c/postgres", "ADMIN_LOG_LEVEL": "info"})
    assert dict(settings.own) == {"FLEET_POSTGRES_URL": "postgresql://a:b@c/postgres"}
    assert dict(settings.inherited) == {"ADMIN_LOG_LEVEL": "info"}
