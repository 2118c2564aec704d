"""Migrations on a real server, while others hold the locks that they need."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from chassis.database import migrations
from chassis.database.migrations import MigrationHeldUp, apply_migrations

Connection = "asyncpg.Connection[asyncpg.Record]"
READ = "SELECT * FROM shop.things"


@pytest.fixture
async def reader(postgres_database: str) -> AsyncIterator[Connection]:
    """Somebody who reads the table that the migrations of `folder` change."""
    connection = await asyncpg.connect(postgres_database)
    await connection.execute("CREATE SCHEMA shop; CREATE TABLE shop.things (name text)")
    yield connection
    await connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_count_things.sql").write_text("ALTER TABLE things ADD COLUMN number int;")
    return tmp_path


async def _until_one_waits_for_a_lock(connection: Connection) -> None:
    async with asyncio.timeout(10):
        while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 - it tells when asked
            await asyncio.sleep(0.01)


async def test_readers_get_through_while_a_migration_waits_for_one_of_them(
    postgres_database: str, reader: Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "PAUSE_SECONDS", 0.2)
    other = await asyncpg.connect(postgres_database)
    long = reader.transaction()
    await long.start()
    await reader.fetch(READ)
    migrating = asyncio.create_task(apply_migrations(SecretStr(postgres_database), folder, "shop"))
    await _until_one_waits_for_a_lock(other)
    # The long reader stays where it is: only the migration can give way.
    await asyncio.wait_for(other.fetch(READ), 10)
    assert not migrating.done()
    await long.rollback()
    assert await asyncio.wait_for(migrating, 10) == ["0001_count_things.sql"]
    await other.close()


async def test_a_migration_that_gets_no_lock_says_so_and_leaves_nothing(
    postgres_database: str, reader: Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "PATIENCE_SECONDS", 0.1)
    async with reader.transaction():
        await reader.fetch(READ)
        with pytest.raises(MigrationHeldUp, match="0001_count_things"):
            await apply_migrations(SecretStr(postgres_database), folder, "shop")
    assert await reader.fetchval("SELECT count(*) FROM shop.schema_migrations") == 0
    assert await apply_migrations(SecretStr(postgres_database), folder, "shop") == ["0001_count_things.sql"]
