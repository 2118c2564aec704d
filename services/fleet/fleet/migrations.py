"""The one command that brings every schema up to date, before the services start."""

import asyncio
import importlib.util
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from pydantic import SecretStr

from chassis.database.migrations import apply_migrations
from fleet.errors import FleetRefused
from fleet.machine import machine_of
from fleet.provisioning import grant_events, provision
from fleet.roles import DATABASE, EVENTS_SCHEMA, SERVICES
from fleet.settings import FleetSettings

_LOCK_NUMBER = 0x4D494752
_CONNECT_SECONDS = 10


async def migrate(
    superuser_url: Callable[[str], str], role_url: Callable[[str], str], password_of: Callable[[str], str]
) -> Mapping[str, list[str]]:
    """Provision, then apply what is missing; the names applied now, by schema. Waits for who does the same."""
    async with _alone(superuser_url("postgres")):
        provision(superuser_url, password_of)
        applied: dict[str, list[str]] = {}
        for schema, folder in migration_folders().items():
            url = SecretStr(role_url(f"{schema}_migrator"))
            applied[schema] = await apply_migrations(url, folder, schema)
            if schema == EVENTS_SCHEMA:
                grant_events(superuser_url(DATABASE))
        return applied


@asynccontextmanager
async def _alone(url: str) -> AsyncGenerator[None]:
    """Nobody else makes roles or schemas on the server of `url` meanwhile."""
    async with await psycopg.AsyncConnection.connect(
        url, autocommit=True, connect_timeout=_CONNECT_SECONDS
    ) as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK_NUMBER,))
        yield


def main(settings: FleetSettings) -> int:
    """The exit code of `python -m fleet migrate`; PostgreSQL must be running."""
    machine = machine_of(settings)
    applied = asyncio.run(
        migrate(machine.superuser_url, machine.database_url, lambda role: machine.secrets[f"role.{role}"])
    )
    for schema, names in applied.items():
        print(f"{schema}: {', '.join(names) or 'up to date'}")
    return 0


def migration_folders() -> dict[str, Path]:
    """The folder of each schema that has migrations, the event log first."""
    folders = {EVENTS_SCHEMA: _package("chassis") / "event_log" / "migrations"}
    folders |= {service: _package(service).parent / "migrations" for service in SERVICES}
    return {schema: folder for schema, folder in folders.items() if folder.is_dir()}


def _package(name: str) -> Path:
    # Found, not imported: a service's code has no place in this process.
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise FleetRefused(f"{name} is not installed: run `make install-deps`.")
    return Path(found.origin).parent
