"""What the DBOS adapter promises beyond the port: workers side by side, restarts of PostgreSQL, clear refusals."""

import asyncio
import subprocess
import sys
from collections import Counter
from pathlib import Path

import asyncpg
import pytest
from contract.durable_runs.engines import DbosEngine, ended, status_when, until
from contract.durable_runs.samples import IN_ORDER, SLEEPS, WAITS, sample_registry
from fixtures.killable import Killable

from chassis.durable_runs.dbos_runs import open_runs
from chassis.durable_runs.dbos_worker import DbosWorkerSettings, serve
from chassis.durable_runs.port import WorkflowRef
from chassis.durable_runs.status import RunState
from chassis.errors import Unavailable


async def test_two_workers_share_the_runs_and_do_each_step_once(dbos_engine: DbosEngine) -> None:
    await dbos_engine.start_worker(name="worker-1")
    await dbos_engine.start_worker(name="worker-2")
    runs = [f"run-{number}" for number in range(20)]
    await asyncio.gather(
        *(dbos_engine.runs.start(IN_ORDER, run_id, {"names": [f"{run_id}-a", f"{run_id}-b"]}) for run_id in runs)
    )
    for run_id in runs:
        assert (await ended(dbos_engine, run_id)).state is RunState.SUCCEEDED
    counts = Counter(dbos_engine.effects.order())
    assert len(counts) == 40
    assert set(counts.values()) == {1}


async def test_a_worker_that_starts_leaves_the_runs_of_a_living_one_alone(dbos_engine: DbosEngine) -> None:
    await dbos_engine.start_worker(name="worker-1")
    await dbos_engine.runs.start(IN_ORDER, "run-1", {"names": ["a", "b"], "gate": "b"})
    await until(lambda: bool(dbos_engine.effects.notes("b reached")))
    await dbos_engine.start_worker(name="worker-2")
    await dbos_engine.runs.start(IN_ORDER, "run-2", {"names": ["c"]})
    await ended(dbos_engine, "run-2")
    dbos_engine.effects.open("b")
    await ended(dbos_engine, "run-1")
    assert len(dbos_engine.effects.notes("b reached")) == 1


async def test_a_second_worker_of_the_same_executor_id_is_refused(dbos_engine: DbosEngine) -> None:
    await dbos_engine.start_worker(name="worker-1")
    with pytest.raises(RuntimeError, match="another worker runs as contract/worker-1"):
        await dbos_engine.start_worker(name="worker-1")
    assert dbos_engine.worker_lives()


async def test_a_build_without_the_workflow_of_a_waiting_run_refuses_to_serve(dbos_engine: DbosEngine) -> None:
    await dbos_engine.runs.start(WorkflowRef("forgotten", 2), "run-1", {})
    with pytest.raises(RuntimeError, match="runs of forgotten@2 have not ended"):
        await dbos_engine.start_worker()


@pytest.mark.campaign
async def test_runs_go_on_when_postgresql_was_killed(killable_postgres: Killable, tmp_path: Path) -> None:
    engine = DbosEngine(tmp_path, killable_postgres.address)
    await engine.connect()
    await engine.start_worker()
    await engine.runs.start(WAITS, "waiting", {"names": ["go"]})
    await engine.runs.start(SLEEPS, "sleeping", {"seconds": 2.0})
    await engine.runs.start(IN_ORDER, "working", {"names": ["a", "b", "c"], "gate": "b"})
    await status_when(engine, "waiting", lambda status: status.state is RunState.RUNNING)
    await until(lambda: bool(engine.effects.notes("b reached") and engine.effects.notes("before")))
    killable_postgres.kill()
    with pytest.raises(Unavailable):
        await engine.runs.status("waiting")
    engine.effects.open("b")
    await until(lambda: bool(engine.effects.notes("b")))
    killable_postgres.start()
    await engine.runs.signal("waiting", "go", {"n": 1}, "key-1")
    assert (await ended(engine, "waiting")).result == {"got": [{"n": 1}]}
    assert (await ended(engine, "sleeping")).state is RunState.SUCCEEDED
    assert (await ended(engine, "working")).state is RunState.SUCCEEDED
    assert Counter(engine.effects.order()) == dict.fromkeys(["a", "b", "b reached", "c", "before", "after"], 1)
    assert engine.worker_lives()
    with pytest.raises(RuntimeError, match="another worker runs as contract/worker-1"):
        await engine.start_worker()
    await engine.close()


async def test_runs_go_on_when_their_connections_are_cut(dbos_engine: DbosEngine) -> None:
    await dbos_engine.start_worker()
    await dbos_engine.runs.start(IN_ORDER, "run-1", {"names": [f"step-{n}" for n in range(60)]})
    connection = await asyncpg.connect(dbos_engine.url)
    for _ in range(5):
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await asyncio.sleep(0.2)
    await connection.close()
    assert (await ended(dbos_engine, "run-1")).state is RunState.SUCCEEDED
    assert dbos_engine.effects.order() == [f"step-{n}" for n in range(60)]


async def test_a_worker_that_cannot_record_ends_and_the_next_one_continues(dbos_engine: DbosEngine) -> None:
    await dbos_engine.start_worker()
    await dbos_engine.runs.start(IN_ORDER, "run-1", {"names": ["a", "b", "c"], "gate": "b"})
    await until(lambda: bool(dbos_engine.effects.notes("b reached")))
    connection = await asyncpg.connect(dbos_engine.url)
    await connection.execute("ALTER TABLE dbos.operation_outputs RENAME TO away")
    dbos_engine.effects.open("b")
    await until(lambda: not dbos_engine.worker_lives())
    await connection.execute("ALTER TABLE dbos.away RENAME TO operation_outputs")
    await connection.close()
    assert "the worker of the runs is lost" in dbos_engine.log()
    assert (await dbos_engine.runs.status("run-1")).state is RunState.RUNNING
    await dbos_engine.start_worker()
    assert (await ended(dbos_engine, "run-1")).state is RunState.SUCCEEDED


async def test_a_worker_that_stops_lets_its_step_end_and_leaves_the_run_to_the_next(dbos_engine: DbosEngine) -> None:
    await dbos_engine.start_worker()
    await dbos_engine.runs.start(IN_ORDER, "run-1", {"names": ["a", "b"], "gate": "a"})
    await dbos_engine.runs.start(WAITS, "run-2", {"names": ["go"]})
    await until(lambda: bool(dbos_engine.effects.notes("a reached")))
    stopping = asyncio.ensure_future(dbos_engine.stop_worker())
    await asyncio.sleep(0.3)
    dbos_engine.effects.open("a")
    assert await stopping == 0
    assert dbos_engine.effects.order() == ["a reached", "a"]
    assert dbos_engine.log() == ""
    await dbos_engine.runs.signal("run-2", "go", {}, "key-1")
    await dbos_engine.start_worker()
    assert (await ended(dbos_engine, "run-1")).state is RunState.SUCCEEDED
    assert (await ended(dbos_engine, "run-2")).state is RunState.SUCCEEDED
    assert dbos_engine.effects.order() == ["a reached", "a", "b"]


async def test_a_worker_starts_runs_in_its_own_process(dbos_engine: DbosEngine) -> None:
    settings = DbosWorkerSettings(dbos_engine.url, "contract", "worker-here")
    async with serve(sample_registry(dbos_engine.effects.folder), settings) as runs:
        await runs.start(IN_ORDER, "run-1", {"names": ["a"]})
        await runs.start(IN_ORDER, "run-1", {"names": ["b"]})
        assert (await ended(dbos_engine, "run-1")).state is RunState.SUCCEEDED
        assert not runs.lost.done()
    assert dbos_engine.effects.order() == ["a"]
    assert await asyncio.to_thread(int, "1") == 1


async def test_an_empty_database_is_unavailable_to_clients(postgres_database: str) -> None:
    async with open_runs(postgres_database, "contract") as runs:
        with pytest.raises(Unavailable, match="database of the runs is empty"):
            await runs.start(IN_ORDER, "run-1", {})


def test_clients_do_not_load_the_engine() -> None:
    code = (
        "import sys, chassis.durable_runs.dbos_runs\n"
        "sys.exit(bool({'dbos', 'sqlalchemy', 'psycopg'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
