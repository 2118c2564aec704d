"""What a killed worker leaves behind is continued by the next one, each finished step once."""

import asyncio
from collections import Counter

import pytest
from contract.durable_runs.engines import Engine, ended, status_when, until
from contract.durable_runs.samples import IN_ORDER, SLEEPS, WAVES

from chassis.durable_runs.status import RunState


@pytest.mark.parametrize("held", ["a", "b", "c"])
async def test_a_step_that_ended_before_the_kill_is_not_done_again(engine: Engine, held: str) -> None:
    names = ["a", "b", "c"]
    await engine.start_worker()
    await engine.runs.start(IN_ORDER, "run-1", {"names": names, "gate": held})
    await until(lambda: bool(engine.effects.notes(f"{held} reached")))
    await engine.kill_worker()
    engine.effects.open(held)
    await engine.start_worker()
    status = await ended(engine, "run-1")
    assert status.state is RunState.SUCCEEDED
    assert status.result is not None
    assert list(status.result["results"]) == names
    done = [name for name in engine.effects.order() if name in names]
    assert done == names
    assert len(engine.effects.notes(f"{held} reached")) == 2


async def test_a_run_survives_a_kill_at_every_step(engine: Engine) -> None:
    names = [f"step-{number}" for number in range(4)]
    await engine.runs.start(IN_ORDER, "run-1", {"names": names, "gate": names[0]})
    await engine.start_worker()
    await until(lambda: bool(engine.effects.notes(f"{names[0]} reached")))
    for _ in range(3):
        await engine.kill_worker()
        await engine.start_worker()
        before = len(engine.effects.notes(f"{names[0]} reached"))
        await until(lambda before=before: len(engine.effects.notes(f"{names[0]} reached")) >= max(2, before))
    engine.effects.open(names[0])
    assert (await ended(engine, "run-1")).state is RunState.SUCCEEDED
    assert [name for name in engine.effects.order() if name in names] == names


async def test_a_sleep_is_not_begun_again_by_the_next_worker(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(SLEEPS, "run-1", {"seconds": 1.0})
    await status_when(engine, "run-1", lambda status: status.progress is not None)
    await engine.kill_worker()
    await engine.start_worker()
    status = await ended(engine, "run-1")
    assert status.result is not None
    assert status.result["slept"] >= 1.0
    assert engine.effects.order() == ["before", "after"]


@pytest.mark.parametrize("branches", [2, 5])
async def test_wave_results_stay_with_their_branch_when_timings_turn_round(engine: Engine, branches: int) -> None:
    await engine.start_worker()
    runs = [f"run-{number}" for number in range(4)]
    for run_id in runs:
        await engine.runs.start(WAVES, run_id, {"branches": branches})
    held = (branches - branches // 2) * len(runs)
    await until(lambda: len(engine.effects.notes("half")) == held)
    # The other branches have ended; their records get the time to be written.
    await asyncio.sleep(0.5)
    await engine.kill_worker()
    engine.effects.note("killed")
    await engine.start_worker()
    for run_id in runs:
        status = await ended(engine, run_id)
        assert status.result == {"places": list(range(branches))}
    counts = Counter(engine.effects.order())
    assert counts["after"] == len(runs)
    assert all(counts[f"branch {place}"] == len(runs) for place in range(branches))


async def test_a_changed_order_of_steps_is_refused_by_name(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(IN_ORDER, "run-1", {"names": ["a", "b", "c"], "gate": "c"})
    await until(lambda: bool(engine.effects.notes("c reached")))
    await engine.kill_worker()
    await engine.start_worker(variant="changed")
    status = await ended(engine, "run-1")
    assert status.state is RunState.FAILED
    assert status.error is not None
    assert status.error.code == "non_deterministic_run"
    assert engine.effects.order() == ["a", "b", "c reached"]


async def test_a_changed_build_runs_new_runs_in_its_own_order(engine: Engine) -> None:
    await engine.start_worker(variant="changed")
    await engine.runs.start(IN_ORDER, "run-1", {"names": ["a", "b"]})
    assert (await ended(engine, "run-1")).state is RunState.SUCCEEDED
    assert engine.effects.order() == ["b", "a"]
