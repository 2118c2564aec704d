"""The whole marketplace on one machine: every part in start order. Read this page to know what runs."""

import sys
from collections.abc import Mapping

from fleet.drain import drained_within
from fleet.environment import environment_of
from fleet.machine import Machine
from fleet.part import Part
from fleet.ports import Ports
from fleet.probes import all_alive, all_ready, announced, still_announcing
from fleet.roles import RELAY, SERVICES


def topology(machine: Machine, inherited: Mapping[str, str], own: Mapping[str, str]) -> list[Part]:
    """The parts, each after what it depends on; `inherited` goes to every process of ours, `own` to the fleet's."""
    again = {**inherited, **own, "FLEET_DATA_FOLDER": str(machine.folder.path)}
    return [
        *machine.engines,
        _migrations(machine, again),
        *([_demo_provider(machine, inherited)] if machine.development else []),
        _services(machine, inherited),
        _workers(machine, inherited),
        _gateway(machine, inherited),
        *(_gateway_worker(machine, inherited, number) for number in range(2, machine.gateway_workers + 1)),
        *([_development(again)] if machine.development else []),
    ]


def _migrations(machine: Machine, environment: Mapping[str, str]) -> Part:
    return Part(
        name="migrations",
        is_step=True,
        command=_python("-m", "fleet", "migrate"),
        environment=environment,
        depends_on=_embedded(machine, "postgres"),
        ready_within_seconds=120,
    )


def _demo_provider(machine: Machine, inherited: Mapping[str, str]) -> Part:
    port = machine.ports["demo_provider.http"]
    return Part(
        name="demo_provider",
        command=_python("-m", "demo_provider", "api"),
        environment=environment_of(("demo_provider",), machine, inherited),
        ports=[port],
        probe=all_ready([port]),
        alive=all_alive([port]),
    )


def _services(machine: Machine, inherited: Mapping[str, str]) -> Part:
    """The doors of the four services in one process: their imports alone cost 100 MB each in processes of their own."""
    http = _ports(machine.ports, "http")
    return Part(
        name="services",
        command=_python("-m", "fleet.host", *(f"{service}:api" for service in SERVICES)),
        environment=environment_of(SERVICES, machine, inherited),
        ports=[*http, *_ports(machine.ports, "grpc")],
        depends_on=[*_embedded(machine, "postgres", "valkey"), "migrations"],
        probe=all_ready(http),
        alive=all_alive(http),
        # Calls at consumption's own door end before their vendor does.
        ends_before=["demo_provider"],
        stop_within_seconds=drained_within("consumption", inherited),
    )


def _workers(machine: Machine, inherited: Mapping[str, str]) -> Part:
    """Consumers of events and runs of workflows; has no doors, so it announces itself in a file."""
    file = machine.folder.announcement("workers")
    working = (*SERVICES, RELAY) if machine.backing.events else SERVICES
    return Part(
        name="workers",
        command=_python("-m", "fleet.host", "--announce", str(file), *(f"{service}:worker" for service in working)),
        environment=environment_of(working, machine, inherited),
        depends_on=[*_embedded(machine, "postgres", "valkey"), "migrations"],
        prepare=lambda: file.unlink(missing_ok=True),
        probe=announced(file),
        alive=still_announcing(file),
    )


def _gateway(machine: Machine, inherited: Mapping[str, str]) -> Part:
    port = machine.ports["gateway.http"]
    return Part(
        name="gateway",
        command=_python("-m", "fleet.host", "gateway:api"),
        environment=environment_of(("gateway",), machine, inherited) | _awaited(machine) | _shared_port(machine),
        ports=[port],
        # Started beside the services: it needs them for its first call, not for its start. Its own /ready waits for
        # what development prepares through it, so being alive is all that the fleet can wait for.
        depends_on=[*_embedded(machine, "valkey"), "migrations"],
        probe=all_alive([port]),
        alive=all_alive([port]),
        ends_before=["services", "workers", "demo_provider"],
        stop_within_seconds=drained_within("gateway", inherited),
    )


def _gateway_worker(machine: Machine, inherited: Mapping[str, str], number: int) -> Part:
    """One more process behind the public port: a probe of the port could reach any of them, so each has a file."""
    name = f"gateway-{number}"
    file = machine.folder.announcement(name)
    return Part(
        name=name,
        command=_python("-m", "fleet.host", "--announce", str(file), "gateway:api"),
        environment=environment_of(("gateway",), machine, inherited) | _awaited(machine) | _shared_port(machine),
        depends_on=["gateway"],
        prepare=lambda: file.unlink(missing_ok=True),
        alive=still_announcing(file),
        ends_before=["services", "workers", "demo_provider"],
        stop_within_seconds=drained_within("gateway", inherited),
    )


def _shared_port(machine: Machine) -> dict[str, str]:
    if machine.gateway_workers == 1:
        return {}
    return {"GATEWAY_REUSE_PORT": "true"}


def _awaited(machine: Machine) -> dict[str, str]:
    return {"GATEWAY_AWAITED_FILE": str(machine.folder.access)} if machine.development else {}


def _development(environment: Mapping[str, str]) -> Part:
    return Part(
        name="development",
        is_step=True,
        is_optional=True,
        command=_python("-m", "fleet", "develop"),
        environment=environment,
        depends_on=["gateway", "services", "workers", "demo_provider"],
        ready_within_seconds=120,
    )


def _embedded(machine: Machine, *names: str) -> list[str]:
    """Those of the engines that run here."""
    return [engine.name for engine in machine.engines if engine.name in names]


def _python(*words: str) -> list[str]:
    return [sys.executable, *words]


def _ports(ports: Ports, kind: str) -> list[int]:
    return [ports[f"{service}.{kind}"] for service in SERVICES]
