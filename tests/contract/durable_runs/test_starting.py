"""A run is started once by its id, works through its steps, and can be looked at."""

import asyncio

import pytest
from contract.durable_runs.engines import Engine, ended, status_when, until
from contract.durable_runs.samples import FAILS, IN_ORDER, WAITS

from chassis.durable_runs.errors import RunIdTaken, RunNotFound
from chassis.durable_runs.status import RunState


async def test_a_run_works_through_its_steps_and_gives_its_result(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(IN_ORDER, "run-1", {"names": ["a", "b"]})
    status = await ended(engine, "run-1")
    assert (status.run_id, status.workflow, status.version) == ("run-1", "in-order", 1)
    assert status.state is RunState.SUCCEEDED
    assert status.error is None
    assert status.result == {"results": {"a": {"did": "a"}, "b": {"did": "b"}}, "run_id": "run-1"}
    assert status.ended_at is not None
    assert status.ended_at >= status.started_at
    assert engine.effects.order() == ["a", "b"]


async def test_the_same_id_starts_one_run(engine: Engine) -> None:
    await engine.start_worker()
    starts = [engine.runs.start(IN_ORDER, "run-1", {"names": [f"try-{n}"]}) for n in range(5)]
    await asyncio.gather(*starts)
    status = await ended(engine, "run-1")
    await engine.runs.start(IN_ORDER, "run-1", {"names": ["late"]})
    assert await ended(engine, "run-1") == status
    assert len(engine.effects.notes()) == 1


async def test_an_id_of_another_workflow_is_refused(engine: Engine) -> None:
    await engine.runs.start(IN_ORDER, "run-1", {"names": ["a"]})
    with pytest.raises(RunIdTaken):
        await engine.runs.start(FAILS, "run-1", {"activity": "work"})


async def test_a_run_waits_for_a_worker(engine: Engine) -> None:
    await engine.runs.start(IN_ORDER, "run-1", {"names": ["a"]})
    assert (await engine.runs.status("run-1")).state is RunState.QUEUED
    await engine.start_worker()
    assert (await ended(engine, "run-1")).state is RunState.SUCCEEDED


async def test_an_unknown_run_has_no_status(engine: Engine) -> None:
    await engine.start_worker()
    with pytest.raises(RunNotFound):
        await engine.runs.status("nobody")


async def test_activities_run_on_the_workers_own_event_loop(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(IN_ORDER, "run-1", {"names": ["a"]})
    await ended(engine, "run-1")
    assert engine.effects.notes("a")[0]["home"] is True


async def test_progress_is_seen_while_the_run_goes_on(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(IN_ORDER, "run-1", {"names": ["a", "b"], "gate": "b"})
    await until(lambda: bool(engine.effects.notes("b reached")))
    status = await engine.runs.status("run-1")
    assert (status.state, status.progress, status.ended_at) == (RunState.RUNNING, {"done": ["a"]}, None)
    engine.effects.open("b")
    assert (await ended(engine, "run-1")).progress == {"done": ["a", "b"]}


async def test_runs_are_listed_newest_first_by_workflow_and_state(engine: Engine) -> None:
    await engine.start_worker()
    for number in range(3):
        await engine.runs.start(IN_ORDER, f"done-{number}", {"names": ["a"]})
        await ended(engine, f"done-{number}")
    await engine.runs.start(WAITS, "waiting", {"names": ["go"]})
    await engine.runs.start(FAILS, "failing", {"activity": "work", "fails": True})
    await ended(engine, "failing")
    await status_when(engine, "waiting", lambda status: status.state is RunState.RUNNING)

    async def ids(**asked: object) -> list[str]:
        return [status.run_id for status in await engine.runs.list(**asked)]  # type: ignore[arg-type]

    assert await ids() == ["failing", "waiting", "done-2", "done-1", "done-0"]
    assert await ids(workflow="in-order") == ["done-2", "done-1", "done-0"]
    assert await ids(workflow="in-order", limit=1) == ["done-2"]
    assert await ids(workflow="in") == []
    assert await ids(states=[RunState.FAILED, RunState.RUNNING]) == ["failing", "waiting"]
    assert await ids(states=[RunState.SUCCEEDED], workflow="waits") == []
