"""The engines that must keep the contract of DurableRuns."""

import secrets
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from contract.durable_runs.engines import (
    DbosEngine,
    Engine,
    MemoryEngine,
    TemporalEngine,
)
from fixtures.postgres import database_url, run_statement

from chassis.durable_runs.dbos_worker import prepare_database

Opened = TypeVar("Opened", DbosEngine, TemporalEngine)


@pytest.fixture(scope="session", autouse=True)
def _workers_find_the_tests() -> Generator[None]:
    with pytest.MonkeyPatch.context() as patch:
        # The process from which workers are forked imports this package before it is told where tests lie.
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        yield


@pytest.fixture(scope="session")
def runs_template(postgres_server: str) -> Generator[str]:
    name = f"runs_template_{secrets.token_hex(6)}"
    prepare_database(database_url(postgres_server, name))
    yield name
    run_statement(postgres_server, f'DROP DATABASE "{name}"')


@pytest.fixture(params=["memory", "dbos", pytest.param("temporal", marks=pytest.mark.engines)])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Engine]:
    if request.param == "memory":
        memory = MemoryEngine(tmp_path)
        yield memory
        await memory.close()
        return
    if request.param == "dbos":
        made: DbosEngine | TemporalEngine = DbosEngine(tmp_path, request.getfixturevalue("runs_database"))
    else:
        made = TemporalEngine(tmp_path, request.getfixturevalue("temporal_address"))
    async with _opened(made) as opened:
        yield opened


@pytest.fixture
def runs_database(postgres_server: str, runs_template: str) -> Generator[str]:
    with _copy(postgres_server, runs_template) as url:
        yield url


@pytest.fixture
async def dbos_engine(runs_database: str, tmp_path: Path) -> AsyncGenerator[DbosEngine]:
    async with _opened(DbosEngine(tmp_path, runs_database)) as engine:
        yield engine


@pytest.fixture
async def temporal_engine(temporal_address: str, tmp_path: Path) -> AsyncGenerator[TemporalEngine]:
    async with _opened(TemporalEngine(tmp_path, temporal_address)) as engine:
        yield engine


@asynccontextmanager
async def _opened(engine: Opened) -> AsyncGenerator[Opened]:
    await engine.connect()
    yield engine
    await engine.close()


@contextmanager
def _copy(server: str, template: str) -> Generator[str]:
    name = f"runs_{secrets.token_hex(6)}"
    run_statement(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield database_url(server, name)
    run_statement(server, f'DROP DATABASE "{name}" WITH (FORCE)')
