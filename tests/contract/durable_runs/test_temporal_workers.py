"""What the Temporal adapter promises beyond the port: workers side by side, restarts of Temporal, clear refusals."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from contract.durable_runs.engines import TemporalEngine, ended, status_when, until
from contract.durable_runs.samples import IN_ORDER, SLEEPS, WAITS, sample_registry
from contract.durable_runs.temporal_worker_program import TAKEOVER
from fixtures.killable import Killable

from chassis.durable_runs.port import WorkflowRef
from chassis.durable_runs.status import RunState
from chassis.durable_runs.temporal_address import TemporalAddress
from chassis.durable_runs.temporal_runs import open_runs
from chassis.durable_runs.temporal_worker import TemporalWorkerSettings, serve
from chassis.errors import Unavailable
from fleet.ports import free_port_numbers

pytestmark = pytest.mark.engines


async def test_two_workers_share_the_runs_and_do_each_step_once(temporal_engine: TemporalEngine) -> None:
    await temporal_engine.start_worker(name="worker-1")
    await temporal_engine.start_worker(name="worker-2")
    runs = [f"run-{number}" for number in range(20)]
    await asyncio.gather(
        *(temporal_engine.runs.start(IN_ORDER, run_id, {"names": [f"{run_id}-a", f"{run_id}-b"]}) for run_id in runs)
    )
    for run_id in runs:
        assert (await ended(temporal_engine, run_id)).state is RunState.SUCCEEDED
    counts = Counter(temporal_engine.effects.order())
    assert len(counts) == 40
    assert set(counts.values()) == {1}
    assert len({note["pid"] for note in temporal_engine.effects.notes()}) == 2


async def test_a_worker_that_starts_leaves_the_steps_of_a_living_one_alone(temporal_engine: TemporalEngine) -> None:
    await temporal_engine.start_worker(name="worker-1")
    await temporal_engine.runs.start(IN_ORDER, "run-1", {"names": ["a", "b"], "gate": "b"})
    await until(lambda: bool(temporal_engine.effects.notes("b reached")))
    await temporal_engine.start_worker(name="worker-2")
    # Long enough for a takeover, if anybody thought that the first worker were dead.
    await asyncio.sleep(TAKEOVER.total_seconds() * 1.5)
    temporal_engine.effects.open("b")
    assert (await ended(temporal_engine, "run-1")).state is RunState.SUCCEEDED
    assert temporal_engine.effects.order() == ["a", "b reached", "b"]


async def test_a_build_without_the_workflow_of_a_waiting_run_refuses_to_serve(temporal_engine: TemporalEngine) -> None:
    await temporal_engine.runs.start(WorkflowRef("forgotten", 2), "run-1", {})
    await _listed(temporal_engine, "run-1")
    with pytest.raises(RuntimeError, match="runs of forgotten@2 have not ended"):
        await temporal_engine.start_worker()


async def test_runs_go_on_when_temporal_was_killed(killable_temporal: Killable, tmp_path: Path) -> None:
    engine = TemporalEngine(tmp_path, killable_temporal.address)
    await engine.connect()
    await engine.start_worker()
    await engine.runs.start(WAITS, "waiting", {"names": ["go"]})
    await engine.runs.start(SLEEPS, "sleeping", {"seconds": 2.0})
    await engine.runs.start(IN_ORDER, "working", {"names": ["a", "b", "c"], "gate": "b"})
    await status_when(engine, "waiting", lambda status: status.state is RunState.RUNNING)
    await until(lambda: bool(engine.effects.notes("b reached") and engine.effects.notes("before")))
    killable_temporal.kill()
    with pytest.raises(Unavailable):
        await engine.runs.status("waiting")
    engine.effects.open("b")
    await until(lambda: bool(engine.effects.notes("b")))
    killable_temporal.start()
    await engine.runs.signal("waiting", "go", {"n": 1}, "key-1")
    assert (await ended(engine, "waiting")).result == {"got": [{"n": 1}]}
    assert (await ended(engine, "sleeping")).state is RunState.SUCCEEDED
    assert (await ended(engine, "working")).state is RunState.SUCCEEDED
    assert Counter(engine.effects.order()) == dict.fromkeys(["a", "b", "b reached", "c", "before", "after"], 1)
    assert engine.worker_lives()
    await engine.close()


async def test_a_worker_that_stops_lets_its_step_end_and_leaves_the_run_to_the_next(
    temporal_engine: TemporalEngine,
) -> None:
    await temporal_engine.start_worker()
    await temporal_engine.runs.start(IN_ORDER, "run-1", {"names": ["a", "b"], "gate": "a"})
    await temporal_engine.runs.start(WAITS, "run-2", {"names": ["go"]})
    await until(lambda: bool(temporal_engine.effects.notes("a reached")))
    stopping = asyncio.ensure_future(temporal_engine.stop_worker())
    await asyncio.sleep(0.3)
    temporal_engine.effects.open("a")
    assert await stopping == 0
    assert temporal_engine.effects.order() == ["a reached", "a"]
    await temporal_engine.runs.signal("run-2", "go", {}, "key-1")
    await temporal_engine.start_worker()
    assert (await ended(temporal_engine, "run-1")).state is RunState.SUCCEEDED
    assert (await ended(temporal_engine, "run-2")).state is RunState.SUCCEEDED
    assert temporal_engine.effects.order() == ["a reached", "a", "b"]


async def test_a_worker_starts_runs_in_its_own_process(temporal_engine: TemporalEngine) -> None:
    address = TemporalAddress(temporal_engine.target)
    settings = TemporalWorkerSettings(address, temporal_engine.application, "worker-here", TAKEOVER)
    async with serve(sample_registry(temporal_engine.effects.folder), settings) as runs:
        await runs.start(IN_ORDER, "run-1", {"names": ["a"]})
        await runs.start(IN_ORDER, "run-1", {"names": ["b"]})
        assert (await ended(temporal_engine, "run-1")).state is RunState.SUCCEEDED
        assert not runs.lost.done()
    assert temporal_engine.effects.order() == ["a"]


async def test_two_applications_see_only_their_own_runs(temporal_engine: TemporalEngine) -> None:
    await temporal_engine.runs.start(IN_ORDER, "run-1", {"names": ["a"]})
    await _listed(temporal_engine, "run-1")
    async with open_runs(TemporalAddress(temporal_engine.target), f"{temporal_engine.application}-other") as other:
        await other.start(IN_ORDER, "run-1", {"names": ["b"]})
        assert (await other.status("run-1")).state is RunState.QUEUED
        assert [status.run_id for status in await temporal_engine.runs.list()] == ["run-1"]


async def test_clients_of_a_temporal_that_is_away_are_told_so_in_time() -> None:
    port = free_port_numbers(1)[0]
    async with open_runs(TemporalAddress(f"127.0.0.1:{port}"), "contract") as runs, asyncio.timeout(10):
        with pytest.raises(Unavailable):
            await runs.start(IN_ORDER, "run-1", {})


async def _listed(engine: TemporalEngine, run_id: str) -> None:
    """Wait for Temporal's list, which lags behind."""
    async with asyncio.timeout(20):
        while run_id not in {status.run_id for status in await engine.runs.list()}:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
