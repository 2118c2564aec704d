"""The engines that must keep the contract of DurableRuns."""

from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from contract.durable_runs.engines import DbosEngine, Engine, MemoryEngine
from contract.durable_runs.postgres_process import PostgresProcess

from chassis.durable_runs.dbos_worker import prepare_database


@pytest.fixture(scope="session")
def runs_postgres() -> Generator[PostgresProcess]:
    server = PostgresProcess()
    server.start()
    prepare_database(server.url("runs_template"))
    yield server
    server.stop()


@pytest.fixture(params=["memory", "dbos"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Engine]:
    if request.param == "memory":
        engine: Engine = MemoryEngine(tmp_path)
    else:
        engine = await _dbos_engine(request.getfixturevalue("runs_postgres"), tmp_path)
    yield engine
    await engine.close()


@pytest.fixture
async def dbos_engine(runs_postgres: PostgresProcess, tmp_path: Path) -> AsyncGenerator[DbosEngine]:
    engine = await _dbos_engine(runs_postgres, tmp_path)
    yield engine
    await engine.close()


async def _dbos_engine(server: PostgresProcess, folder: Path) -> DbosEngine:
    database = f"runs_{uuid4().hex}"
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute(f'CREATE DATABASE "{database}" TEMPLATE runs_template')
    await connection.close()
    engine = DbosEngine(folder, server.url(database))
    await engine.connect()
    return engine
