"""Makes the databases, schemas and roles of the marketplace, and makes them right again where they differ."""

from collections.abc import Callable

import psycopg
from psycopg import sql

from fleet.roles import (
    DATABASE,
    EVENT_DOORS,
    EVENTS_SCHEMA,
    ROLES,
    RUNS_DATABASE,
    RUNS_ROLE,
    SCHEMAS,
    SEQUENCER_DOORS,
    SERVICES,
    TOPICS,
    Role,
)

Connection = psycopg.Connection[tuple[object, ...]]
_CONNECT_SECONDS = 10
_ROLE_RIGHTS = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"


def provision(url_of: Callable[[str], str], password_of: Callable[[str], str]) -> None:
    """Bring the server to what `roles` says; `url_of` gives a superuser's URL of a database. May be repeated."""
    with _connect(url_of("postgres")) as connection:
        for role in ROLES:
            _make_role(connection, role, password_of(role.name))
        _make_database(connection, DATABASE, None)
        _make_database(connection, RUNS_DATABASE, RUNS_ROLE)
        for closed in ("postgres", "template1"):
            _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", closed)
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
        users = [f"{service}_{kind}" for service in SERVICES for kind in ("runtime", "worker")]
        for user in users:
            _run(connection, "GRANT USAGE ON SCHEMA {} TO {}", EVENTS_SCHEMA, user)
            for door in EVENT_DOORS:
                _run(connection, "GRANT EXECUTE ON ROUTINE {}.{} TO {}", EVENTS_SCHEMA, door, user)
        for door in SEQUENCER_DOORS:
            _run(connection, "GRANT EXECUTE ON ROUTINE {}.{} TO {}", EVENTS_SCHEMA, door, "events_worker")
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
    ]


def _make_role(connection: Connection, role: Role, password: str) -> None:
    if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role.name):
        _run(connection, "CREATE ROLE {}", role.name)
    # The server gets the SCRAM verifier only, so that no log of its own can ever hold the password.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.name.encode(), b"scram-sha-256").decode()
    statement = sql.SQL("ALTER ROLE {} WITH " + _ROLE_RIGHTS + " PASSWORD {}")
    connection.execute(statement.format(sql.Identifier(role.name), sql.Literal(verifier)))


def _make_database(connection: Connection, name: str, owner: str | None) -> None:
    if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name):
        _run(connection, "CREATE DATABASE {}", name)
    if owner is not None:
        _run(connection, "ALTER DATABASE {} OWNER TO {}", name, owner)
    _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", name)


def _make_schema(connection: Connection, schema: str) -> None:
    _run(connection, "CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}", schema, f"{schema}_migrator")
    _run(connection, "REVOKE ALL ON SCHEMA {} FROM PUBLIC", schema)


def _settle(connection: Connection, role: Role, schema: str) -> None:
    """Let the role into the database, into its schema, and make that its search path."""
    _run(connection, "GRANT CONNECT ON DATABASE {} TO {}", DATABASE, role.name)
    _run(connection, "ALTER ROLE {} IN DATABASE {} SET search_path = {}", role.name, DATABASE, schema)
    if not role.owns_schema:
        _run(connection, "GRANT USAGE ON SCHEMA {} TO {}", schema, role.name)


def _connect(url: str) -> Connection:
    return psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS)


def _exists(connection: Connection, statement: "str", name: str) -> bool:
    return connection.execute(statement.encode(), (name,)).fetchone() is not None


def _run(connection: Connection, statement: str, *names: str) -> None:
    """A statement that takes no bound parameters; its names are quoted as identifiers."""
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # pyright: ignore[reportArgumentType]
