"""Signals take effect once whenever they are sent; waiting ends with the signal or with the time."""

import pytest
from contract.durable_runs.engines import Engine, ended, status_when, until
from contract.durable_runs.samples import SLEEPS, WAITS

from chassis.durable_runs.errors import RunNotFound
from chassis.durable_runs.status import RunState


async def test_a_signal_sent_before_the_run_waits_is_kept(engine: Engine) -> None:
    await engine.runs.start(WAITS, "run-1", {"names": ["go"]})
    await engine.runs.signal("run-1", "go", {"by": "ann"}, "key-1")
    await engine.start_worker()
    assert (await ended(engine, "run-1")).result == {"got": [{"by": "ann"}]}


async def test_a_signal_wakes_a_run_that_waits(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(WAITS, "run-1", {"names": ["go", "go"]})
    await engine.runs.signal("run-1", "go", {"n": 1}, "key-1")
    await status_when(engine, "run-1", lambda status: status.progress == {"got": [{"n": 1}]})
    await engine.runs.signal("run-1", "go", {"n": 2}, "key-2")
    assert (await ended(engine, "run-1")).result == {"got": [{"n": 1}, {"n": 2}]}


async def test_a_signal_sent_twice_takes_effect_once(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(WAITS, "run-1", {"names": ["go", "go"]})
    await engine.runs.signal("run-1", "go", {"n": 1}, "key-1")
    await engine.runs.signal("run-1", "go", {"n": 1}, "key-1")
    await status_when(engine, "run-1", lambda status: status.progress is not None)
    await engine.runs.signal("run-1", "go", {"n": 1}, "key-1")
    await engine.runs.signal("run-1", "go", {"n": 2}, "key-2")
    assert (await ended(engine, "run-1")).result == {"got": [{"n": 1}, {"n": 2}]}


async def test_signals_of_other_names_wait_for_their_turn(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(WAITS, "run-1", {"names": ["first", "second"]})
    await engine.runs.signal("run-1", "second", {"n": 2}, "same-key")
    await engine.runs.signal("run-1", "first", {"n": 1}, "same-key")
    assert (await ended(engine, "run-1")).result == {"got": [{"n": 1}, {"n": 2}]}


async def test_a_signal_taken_before_the_kill_is_not_taken_again(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(WAITS, "run-1", {"names": ["go", "go"], "gate": "after"})
    await engine.runs.signal("run-1", "go", {"n": 1}, "key-1")
    await status_when(engine, "run-1", lambda status: status.progress is not None)
    await engine.kill_worker()
    await engine.runs.signal("run-1", "go", {"n": 2}, "key-2")
    await engine.start_worker()
    await until(lambda: bool(engine.effects.notes("after reached")))
    await engine.kill_worker()
    engine.effects.open("after")
    await engine.start_worker()
    assert (await ended(engine, "run-1")).result == {"got": [{"n": 1}, {"n": 2}]}


async def test_waiting_ends_with_nothing_when_the_time_is_over(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(WAITS, "run-1", {"names": ["go"], "seconds": 0.2})
    await engine.runs.signal("run-1", "other", {}, "key-1")
    status = await ended(engine, "run-1")
    assert (status.state, status.result) == (RunState.SUCCEEDED, {"got": [None]})


async def test_a_signal_to_nobody_is_refused(engine: Engine) -> None:
    with pytest.raises(RunNotFound):
        await engine.runs.signal("nobody", "go", {}, "key-1")


async def test_a_signal_to_a_run_that_ended_changes_nothing(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(WAITS, "run-1", {"names": []})
    status = await ended(engine, "run-1")
    await engine.runs.signal("run-1", "go", {}, "key-1")
    assert await engine.runs.status("run-1") == status


async def test_a_sleep_lasts_as_long_as_asked(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(SLEEPS, "run-1", {"seconds": 0.3})
    status = await ended(engine, "run-1")
    assert status.result is not None
    assert status.result["slept"] >= 0.3
