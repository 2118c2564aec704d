"""Plain SQL files in order: each applied once, in a transaction of its own, with its checksum kept.

A statement that waits for a table lock makes everybody wait who comes after it, readers too. So a file waits briefly,
gives way to them, and is tried again.
"""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from pydantic import SecretStr

from chassis.database.errors import driver_errors_translated
from chassis.database.transaction import Transaction
from chassis.errors import ErrorKind, MarketplaceError

_FILE_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
_LOCK_NUMBER = 0x4D41524B
LOCK_MILLISECONDS = 800
# Between the tries of a file, and for how long it is tried.
PAUSE_SECONDS = 2.0
PATIENCE_SECONDS = 60.0


class MigrationRefused(MarketplaceError):
    """The folder and the database do not agree: a file changed after it was applied, or a name is not in order."""

    code = "migration_refused"
    kind = ErrorKind.CONFLICT


class MigrationHeldUp(MarketplaceError):
    """Somebody holds a lock that a migration needs, for longer than it was tried; it left nothing behind."""

    code = "migration_held_up"
    kind = ErrorKind.UNAVAILABLE


class SchemaTooOld(MarketplaceError):
    """The database has not seen all migrations that this build needs."""

    code = "schema_too_old"
    kind = ErrorKind.UNAVAILABLE


@dataclass(frozen=True)
class Migration:
    """One file: its number, name, text, and the SHA-256 of the text in hex."""

    version: int
    name: str
    text: str
    checksum: str


def read_migrations(folder: Path) -> list[Migration]:
    """The folder's files in order of their numbers, which start at 1 without a gap. Raises MigrationRefused."""
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.match(path.name)
        if match is None:
            raise MigrationRefused(f"{path.name}: name migrations like 0001_what_it_does.sql")
        text = path.read_text(encoding="utf-8")
        found.append(Migration(int(match[1]), path.name, text, hashlib.sha256(text.encode()).hexdigest()))
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationRefused(f"{folder.name}: migration numbers must go 0001, 0002, ... without gap or double")
    return found


async def apply_migrations(url: SecretStr, folder: Path, schema: str) -> list[str]:
    """Bring `schema` up to date under an advisory lock; the names applied now. The role must own the schema.

    Raises MigrationRefused, MigrationHeldUp.
    """
    migrations = read_migrations(folder)
    with driver_errors_translated():
        connection = await asyncpg.connect(url.get_secret_value(), timeout=10)
        try:
            await connection.execute("SELECT pg_advisory_lock($1, hashtext($2))", _LOCK_NUMBER, schema)
            return await _apply_missing(connection, migrations, schema)
        finally:
            await connection.close()


async def _apply_missing(
    connection: "asyncpg.Connection[asyncpg.Record]", migrations: list[Migration], schema: str
) -> list[str]:
    await connection.execute("SELECT set_config('search_path', $1, false)", schema)
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations (version integer PRIMARY KEY, name text NOT NULL,"
        " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    rows = await connection.fetch("SELECT version, checksum FROM schema_migrations")
    applied = {row["version"]: row["checksum"] for row in rows}
    fresh: list[str] = []
    for migration in migrations:
        if migration.version in applied:
            if applied[migration.version] != migration.checksum:
                raise MigrationRefused(f"{migration.name} changed after it was applied: restore it and add a new file")
            continue
        await _apply_patiently(connection, migration)
        fresh.append(migration.name)
    return fresh


async def _apply_patiently(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> None:
    clock = asyncio.get_running_loop().time
    until = clock() + PATIENCE_SECONDS
    while True:
        try:
            return await _apply(connection, migration)
        except asyncpg.LockNotAvailableError as error:
            if clock() >= until:
                raise MigrationHeldUp(
                    f"{migration.name} got no lock in {PATIENCE_SECONDS:g} s: end the oldest transaction that"
                    " pg_stat_activity shows, then migrate again."
                ) from error
        await asyncio.sleep(PAUSE_SECONDS)


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
        await connection.execute(migration.text)
        await connection.execute(
            "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
            migration.version,
            migration.name,
            migration.checksum,
        )


async def require_schema(transaction: Transaction, folder: Path) -> None:
    """Raise SchemaTooOld where the role's own schema lacks a migration of the folder."""
    newest = len(read_migrations(folder))
    present = await transaction.fetch_value("SELECT coalesce(max(version), 0) FROM schema_migrations")
    if present < newest:
        raise SchemaTooOld(f"The schema is at {present} of {newest}: run `python -m fleet migrate`.")
