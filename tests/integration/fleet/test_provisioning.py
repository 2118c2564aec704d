"""Databases, roles and rights on a real server: what each role may do, and what it may not."""

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import asyncpg
import psycopg
import pytest
from fixtures.postgres import database_url

from fleet.embedded_postgres import embedded_postgres
from fleet.migrations import migrate, migration_folders
from fleet.one_part import running
from fleet.roles import DATABASE, ROLES, RUNS_DATABASE, SERVICES


@dataclass(frozen=True)
class Server:
    superuser_url: str
    passwords: dict[str, str]

    def admin_url(self, database: str) -> str:
        return database_url(self.superuser_url, database)

    def role_url(self, role: str, database: str = DATABASE) -> str:
        _, _, rest = self.superuser_url.partition("@")
        url = f"postgresql://{role}:{quote(self.passwords[role], safe='')}@{rest}"
        return database_url(url, database)

    async def migrate(self) -> dict[str, list[str]]:
        return dict(await migrate(self.admin_url, self.role_url, self.passwords.__getitem__))


@pytest.fixture(scope="module")
def empty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, because roles belong to the whole server."""
    folder = tmp_path_factory.mktemp("provisioned")
    engine = embedded_postgres(folder / "postgres", "superuser", crash_safe=False)
    with running(engine.part, folder / "log"):
        yield Server(engine.url(), {role.name: secrets.token_urlsafe(24) for role in ROLES})


@pytest.fixture(scope="module")
async def server(empty_server: Server) -> Server:
    await empty_server.migrate()
    return empty_server


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


async def test_a_second_run_changes_nothing(server: Server) -> None:
    again = await server.migrate()
    assert set(again) == set(migration_folders())
    assert not any(again.values())


async def test_four_who_migrate_at_once_do_it_one_after_the_other(server: Server) -> None:
    def migrate_in_a_thread() -> dict[str, list[str]]:
        return asyncio.run(server.migrate())

    all_applied = await asyncio.gather(*(asyncio.to_thread(migrate_in_a_thread) for _ in range(4)))
    assert not [names for applied in all_applied for names in applied.values() if names]


async def test_each_role_logs_in_with_its_own_password_only(server: Server) -> None:
    for role in ROLES:
        database = DATABASE if role.schema else RUNS_DATABASE
        assert rows(server.role_url(role.name, database), "SELECT session_user") == [(role.name,)]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.role_url("admin_runtime").replace("admin_runtime", "admin_worker"))


async def test_a_changed_password_takes_effect(server: Server) -> None:
    changed = Server(server.superuser_url, server.passwords | {"admin_worker": "another"})
    await changed.migrate()
    assert rows(changed.role_url("admin_worker"), "SELECT 1") == [(1,)]
    await server.migrate()


async def test_no_role_is_powerful_or_passes_row_security(server: Server) -> None:
    powers = "rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication"
    names = ",".join(f"'{role.name}'" for role in ROLES)
    assert rows(server.superuser_url, f"SELECT rolname FROM pg_roles WHERE rolname IN ({names}) AND ({powers})") == []


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_sees_its_own_schema_and_no_other(server: Server, service: str) -> None:
    for kind in ("runtime", "worker"):
        url = server.role_url(f"{service}_{kind}")
        assert rows(url, "SHOW search_path") == [(service,)]
        seen = rows(url, "SELECT nspname FROM pg_namespace WHERE has_schema_privilege(oid, 'USAGE') ORDER BY 1")
        ours = {str(name) for (name,) in seen} - {"pg_catalog", "information_schema"}
        assert ours == {service, "events"}
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(url, f"CREATE TABLE {service}.mine (n int)")


async def test_no_service_enters_another_database(server: Server) -> None:
    for database in ("postgres", "template1", RUNS_DATABASE):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(server.role_url("publishing_worker", database))
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(server.role_url("runs_worker", DATABASE))


async def test_the_log_is_reached_through_its_doors_and_granted_topics_only(server: Server) -> None:
    append = "SELECT events.append('{}', 'e' || gen_random_uuid(), 'k', 't', 's', now(), '')"
    rows(server.role_url("publishing_worker"), append.format("marketplace.listing.v1"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="may not append"):
        rows(server.role_url("discovery_worker"), append.format("marketplace.listing.v1"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(server.role_url("publishing_worker"), "SELECT * FROM events.pending")
    assert rows(server.role_url("discovery_worker"), "SELECT events.sequence_arrivals(10)") == [(1,)]


async def test_the_runs_database_belongs_to_its_worker(server: Server) -> None:
    with psycopg.connect(server.role_url("runs_worker", RUNS_DATABASE)) as connection:
        connection.execute("CREATE SCHEMA dbos_trial")
        connection.rollback()
