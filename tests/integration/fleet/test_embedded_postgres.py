"""The embedded PostgreSQL on real binaries: ready, private, and back after every kind of death."""

import os
import signal
import subprocess
from pathlib import Path

import asyncpg
import psutil
import psycopg
import pytest

from fleet.embedded_postgres import EmbeddedPostgres, embedded_postgres
from fleet.errors import PartFailed
from fleet.one_part import running, start
from fleet.postgres_lock import processes_in

PASSWORD = "a b:@/?%-word"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pg")


@pytest.fixture(scope="module")
def engine(folder: Path) -> EmbeddedPostgres:
    return embedded_postgres(folder / "postgres", PASSWORD, crash_safe=False)


@pytest.fixture
def log(folder: Path) -> Path:
    return folder / "postgres.log"


def value(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None


async def test_both_drivers_connect_and_a_wrong_password_is_refused(engine: EmbeddedPostgres, log: Path) -> None:
    with running(engine.part, log):
        connection = await asyncpg.connect(engine.url())
        assert await connection.fetchval("SHOW server_version") == "18.4"
        await connection.close()
        assert value(engine.url(), "SELECT current_user") == "postgres"
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(engine.url(password="wrong"))


async def test_no_rule_trusts_and_no_address_listens(engine: EmbeddedPostgres, log: Path) -> None:
    with running(engine.part, log) as pid:
        assert value(engine.url(), "SELECT string_agg(auth_method, ',') FROM pg_hba_file_rules") == "scram-sha-256"
        assert value(engine.url(), "SHOW listen_addresses") == ""
        assert not [c for c in psutil.Process(pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]


def test_data_survives_a_killed_server_and_its_stale_lock(engine: EmbeddedPostgres, log: Path) -> None:
    process = start(engine.part, log)
    with psycopg.connect(engine.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with running(engine.part, log):
        assert value(engine.url(), "SELECT count(*) FROM kept") == 1


def test_a_lock_that_names_a_stranger_does_not_block_the_start(
    engine: EmbeddedPostgres, folder: Path, log: Path
) -> None:
    with running(engine.part, log):
        lock = (folder / "postgres" / "data" / "postmaster.pid").read_text()
    stranger = subprocess.Popen(["sleep", "60"], user=(folder / "postgres").stat().st_uid, cwd="/")
    try:
        stale = folder / "postgres" / "data" / "postmaster.pid"
        stale.write_text(lock.replace(lock.split("\n")[0], str(stranger.pid), 1))
        with running(engine.part, log):
            assert value(engine.url(), "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_left_by_a_killed_fleet_is_ended_before_the_next_starts(
    engine: EmbeddedPostgres, folder: Path, log: Path
) -> None:
    first = start(engine.part, log)
    with running(engine.part, log) as second:
        assert first.poll() == 0
        assert second != first.pid
    assert processes_in(folder / "postgres" / "data") == []


def test_a_folder_too_deep_for_a_socket_uses_a_short_private_one_again_and_again(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / "postgres"
    engine = embedded_postgres(deep, PASSWORD, crash_safe=False)
    try:
        assert not engine.socket_folder.is_relative_to(tmp_path)
        assert engine.socket_folder.stat().st_mode & 0o777 == 0o700
        assert embedded_postgres(deep, PASSWORD).socket_folder == engine.socket_folder
    finally:
        engine.socket_folder.rmdir()


def test_a_failed_start_shows_the_end_of_the_log(tmp_path: Path) -> None:
    engine = embedded_postgres(tmp_path / "postgres", PASSWORD, crash_safe=False)
    engine.part.prepare()
    (tmp_path / "postgres" / "data" / "postgresql.conf").write_text("shared_buffers = never\n")
    log = tmp_path / "postgres.log"
    with pytest.raises(PartFailed, match="shared_buffers"):
        start(engine.part, log)
