"""Makes the databases, schemas and roles of the marketplace, and makes them right again where they differ."""

from collections.abc import Callable

import psycopg

from fleet.grants import EVENT_DOORS, TOPICS
from fleet.roles import (
    DATABASE,
    EVENTS_SCHEMA,
    RELAY,
    RELAY_ROLE,
    ROLES,
    RUNS_DATABASE,
    RUNS_ROLE,
    SCHEMAS,
    SERVICES,
    Role,
)

Connection = psycopg.Connection[tuple[object, ...]]
_CONNECT_SECONDS = 10


def provision(url_of: Callable[[str], str], password_of: Callable[[str], str]) -> None:
    """Bring the server to what `roles` says; `url_of` gives a superuser's URL of a database. May be repeated."""
    with _connect(url_of("postgres")) as connection:
        for role in ROLES:
            _make_role(connection, role, password_of(role.name))
        _make_database(connection, DATABASE, None)
        _make_database(connection, RUNS_DATABASE, RUNS_ROLE)
        for closed in ("postgres", "template1"):
            _run(connection, "REVOKE ALL ON DATABASE %I FROM PUBLIC", closed)
        # Its engine looks there whether its own database exists; there is nothing else to see.
        _run(connection, "GRANT CONNECT ON DATABASE postgres TO %I", RUNS_ROLE)
    with _connect(url_of(RUNS_DATABASE)) as connection:
        _run(connection, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
    with _connect(url_of(DATABASE)) as connection:
        _run(connection, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
        for schema in SCHEMAS:
            _make_schema(connection, schema)
        for role in ROLES:
            if role.schema is not None:
                _settle(connection, role, role.schema)


def grant_events(url: str) -> None:
    """Open the log's doors to the services and say who may use which topic. Needs the log's tables."""
    with _connect(url) as connection, connection.transaction():
        users = [*(f"{service}_{kind}" for service in SERVICES for kind in ("runtime", "worker")), RELAY_ROLE]
        for user in users:
            _run(connection, "GRANT USAGE ON SCHEMA %I TO %I", EVENTS_SCHEMA, user)
            for door in EVENT_DOORS:
                _run(connection, "GRANT EXECUTE ON ROUTINE %I.%I TO %I", EVENTS_SCHEMA, door, user)
        connection.execute("DELETE FROM events.grants")
        connection.cursor().executemany(
            "INSERT INTO events.grants (service, topic, may_append, may_read) VALUES (%s, %s, %s, %s)", _topic_rows()
        )


def _topic_rows() -> list[tuple[str, str, bool, bool]]:
    return [
        (service, grant.topic, service in grant.appended_by, service in grant.read_by)
        for grant in TOPICS
        for service in SERVICES
        if service in grant.appended_by or service in grant.read_by
    ] + [(RELAY, grant.topic, False, True) for grant in TOPICS]


def _make_role(connection: Connection, role: Role, password: str) -> None:
    if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role.name):
        _run(connection, "CREATE ROLE %I", role.name)
    # The server gets the SCRAM verifier only, so that no log of its own can ever hold the password.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.name.encode(), b"scram-sha-256").decode()
    _run(
        connection, "ALTER ROLE %I WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS", role.name
    )
    _run(connection, "ALTER ROLE %I PASSWORD %L", role.name, verifier)


def _make_database(connection: Connection, name: str, owner: str | None) -> None:
    if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name):
        _run(connection, "CREATE DATABASE %I", name)
    if owner is not None:
        _run(connection, "ALTER DATABASE %I OWNER TO %I", name, owner)
    _run(connection, "REVOKE ALL ON DATABASE %I FROM PUBLIC", name)


def _make_schema(connection: Connection, schema: str) -> None:
    _run(connection, "CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I", schema, f"{schema}_migrator")
    _run(connection, "REVOKE ALL ON SCHEMA %I FROM PUBLIC", schema)


def _settle(connection: Connection, role: Role, schema: str) -> None:
    """Let the role into the database, into its schema, and make that its search path."""
    _run(connection, "GRANT CONNECT ON DATABASE %I TO %I", DATABASE, role.name)
    _run(connection, "ALTER ROLE %I IN DATABASE %I SET search_path = %I", role.name, DATABASE, schema)
    if not role.owns_schema:
        _run(connection, "GRANT USAGE ON SCHEMA %I TO %I", schema, role.name)


def _connect(url: str) -> Connection:
    return psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS)


def _exists(connection: Connection, statement: str, name: str) -> bool:
    return connection.execute(statement.encode(), (name,)).fetchone() is not None


def _run(connection: Connection, statement: str, *words: str) -> None:
    """A statement that takes no bound parameters: the server itself quotes names (%I) and texts (%L) into it."""
    quoted = connection.execute("SELECT format(%s, VARIADIC %s::text[])", (statement, list(words))).fetchone()
    if quoted is not None:
        connection.execute(str(quoted[0]).encode())
