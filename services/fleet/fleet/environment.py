"""Which variable each service gets on this machine: one table, read top to bottom."""

import json
from collections.abc import Callable, Mapping

from fleet.grants import TOPICS
from fleet.machine import Machine
from fleet.ports import HOST
from fleet.roles import DATABASE, RELAY_ROLE, RUNS_DATABASE, RUNS_ROLE

ADMIN_EMAIL = "admin@marketplace.local"
PUBLISHER_EMAIL = "publisher@marketplace.local"
# What a process keeps of memory that it needs no more.
_KEPT_BYTES = 1 << 20


Value = Callable[[Machine], str]


def _database(role: str, database: str = DATABASE) -> Value:
    return lambda machine: machine.database_url(role, database)


def _secret(name: str) -> Value:
    return lambda machine: machine.secrets[name]


def _address(door: str) -> Value:
    return lambda machine: machine.ports.address(door)


def _port(door: str) -> Value:
    return lambda machine: str(machine.ports[door])


def _url(door: str) -> Value:
    return lambda machine: machine.ports.url(door)


def _folder(name: str) -> Value:
    return lambda machine: str(machine.folder.of(name))


def _text(text: str) -> Value:
    return lambda _: text


def _valkey(machine: Machine) -> str:
    return machine.valkey_url


def _events(machine: Machine) -> str:
    return machine.backing.events


def _index(machine: Machine) -> str:
    return machine.backing.index


def _runs(machine: Machine) -> str:
    return machine.backing.runs or machine.database_url(RUNS_ROLE, RUNS_DATABASE)


def _drained_runs(machine: Machine) -> str:
    """Runs that began before the move to another engine end in their database."""
    return machine.database_url(RUNS_ROLE, RUNS_DATABASE) if machine.backing.runs else ""


def _topics(_: Machine) -> str:
    return json.dumps([grant.topic for grant in TOPICS])


def _trusted(machine: Machine) -> str:
    return json.dumps(machine.secrets.trusted_services())


def _allow_list(machine: Machine) -> str:
    return json.dumps([machine.ports.address("demo_provider.http")] if machine.development else [])


def _processes_with_calls(machine: Machine) -> str:
    """The gateways, and consumption by its own door."""
    return str(machine.gateway_workers + 1)


def _service(name: str) -> dict[str, Value]:
    """What each of the four services has."""
    return {
        "HTTP_PORT": _port(f"{name}.http"),
        "GRPC_PORT": _port(f"{name}.grpc"),
        "DATABASE_URL": _database(f"{name}_runtime"),
        "WORKER_DATABASE_URL": _database(f"{name}_worker"),
        "SERVICE_KEY": _secret(f"service_key.{name}"),
        "TRUSTED_SERVICES": _trusted,
        "EVENTS_URL": _events,
    }


# What each process has that carries calls.
_CALL_PATH: Mapping[str, Value] = {
    "VALKEY_URL": _valkey,
    "KEY_PEPPER": _secret("key_pepper"),
    # Vetted again at each connection: what publishing lets be published, a door of calls must let be called.
    "ENDPOINT_ALLOWLIST": _allow_list,
    "EXPECTED_PROCESSES": _processes_with_calls,
}

TABLE: Mapping[str, Mapping[str, Value]] = {
    "ADMIN": {
        **_service("admin"),
        "TOKEN_SIGNING_KEY": _secret("token_signing_key"),
        "CURSOR_KEY": _secret("cursor_key.admin"),
        "BOOTSTRAP_EMAIL": _text(ADMIN_EMAIL),
        "BOOTSTRAP_PASSWORD": _secret("admin_password"),
    },
    "PUBLISHING": {
        **_service("publishing"),
        "RUNS_URL": _runs,
        "DRAIN_RUNS_URL": _drained_runs,
        "CREDENTIAL_KEY": _secret("credential_key"),
        "CURSOR_KEY": _secret("cursor_key.publishing"),
        "ADMIN_ADDRESS": _address("admin.grpc"),
        "DISCOVERY_ADDRESS": _address("discovery.grpc"),
        # The one endpoint on a private address that may be published from this machine.
        "ENDPOINT_ALLOWLIST": _allow_list,
    },
    "DISCOVERY": {
        **_service("discovery"),
        "INDEX_URL": _index,
        "CURSOR_KEY": _secret("cursor_key.discovery"),
        "DATA_FOLDER": _folder("discovery"),
        "ADMIN_ADDRESS": _address("admin.grpc"),
    },
    "CONSUMPTION": {
        **_service("consumption"),
        "ADMIN_ADDRESS": _address("admin.grpc"),
        "PUBLISHING_ADDRESS": _address("publishing.grpc"),
        **_CALL_PATH,
        "DATA_FOLDER": _folder("consumption"),
    },
    "GATEWAY": {
        "HTTP_PORT": _port("gateway.http"),
        "SERVICE_KEY": _secret("service_key.gateway"),
        "TRUSTED_SERVICES": _trusted,
        **_CALL_PATH,
        "DATA_FOLDER": _folder("gateway"),
        **{f"{name.upper()}_URL": _url(f"{name}.http") for name in ("admin", "publishing", "discovery", "consumption")},
        **{f"{name.upper()}_ADDRESS": _address(f"{name}.grpc") for name in ("admin", "publishing", "consumption")},
    },
    "RELAY": {
        "WORKER_DATABASE_URL": _database(RELAY_ROLE),
        "EVENTS_URL": _events,
        "TOPICS": _topics,
    },
    "DEMO_PROVIDER": {
        "HTTP_PORT": _port("demo_provider.http"),
        "API_KEY": _secret("demo_provider_key"),
    },
}


def environment_of(services: tuple[str, ...], machine: Machine, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that runs these services; what the shell sets wins."""
    ours = {
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "2",
        # Set, they no longer grow: what a password's hash or a document's tree took goes back to the system at once. A
        # batch of calls is a third of this: at 128 KiB its pages were asked of the kernel anew for each copy of it.
        "MALLOC_MMAP_THRESHOLD_": str(_KEPT_BYTES),
        "MALLOC_TRIM_THRESHOLD_": str(_KEPT_BYTES),
        "GRPC_ENABLE_FORK_SUPPORT": "0",
        "GRPC_VERBOSITY": "ERROR",
    }
    for service in services:
        prefix = service.upper()
        ours[f"{prefix}_HOST"] = HOST
        ours |= {f"{prefix}_{name}": value(machine) for name, value in TABLE[prefix].items()}
    return ours | dict(inherited)
