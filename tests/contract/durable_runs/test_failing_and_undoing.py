"""Errors that may pass are tried again, others end the run; what was done is undone in reverse, once."""

from itertools import pairwise

import pytest
from contract.durable_runs.engines import Engine, ended, status_when, until
from contract.durable_runs.samples import FAILS, FAST, PHASED, UNDOES

from chassis.durable_runs.errors import RunNotFound
from chassis.durable_runs.status import RunError, RunState, RunStatus


async def test_an_error_that_may_pass_is_tried_again_with_growing_pauses(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(FAILS, "run-1", {"activity": "stumble", "failures": 3})
    assert (await ended(engine, "run-1")).state is RunState.SUCCEEDED
    times = [note["at"] for note in engine.effects.notes("try")]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert len(pauses) == 3
    assert all(pause >= delay.total_seconds() for pause, delay in zip(pauses, FAST.delays(), strict=True))


async def test_a_step_gives_up_after_its_last_attempt(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(FAILS, "run-1", {"activity": "stumble", "failures": 9})
    status = await ended(engine, "run-1")
    assert (status.state, status.error) == (RunState.FAILED, RunError("unavailable", "not yet", "only"))
    assert len(engine.effects.notes("try")) == FAST.attempts


async def test_an_error_that_cannot_pass_is_not_tried_again(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(FAILS, "run-1", {"activity": "work", "fails": True})
    status = await ended(engine, "run-1")
    assert status.error == RunError("invalid_input", "try cannot be done", "only", {"pointer": "/name"})
    assert len(engine.effects.notes("try")) == 1


async def test_an_attempt_that_hangs_is_cut_and_tried_again(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(FAILS, "run-1", {"activity": "dawdle", "timeout": 0.2})
    assert (await ended(engine, "run-1")).state is RunState.SUCCEEDED
    assert len(engine.effects.notes("dawdle")) == 2


async def test_an_activity_nobody_registered_fails_the_run_by_name(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(FAILS, "run-1", {"activity": "missing"})
    status = await ended(engine, "run-1")
    assert status.error is not None
    assert (status.state, status.error.code, status.error.step) == (RunState.FAILED, "unknown_activity", "only")


@pytest.mark.parametrize("where", ["activity", "sleep", "wait"])
async def test_a_cancelled_run_stops_and_undoes(engine: Engine, where: str) -> None:
    await engine.start_worker()
    await _reach(engine, where)
    await engine.runs.cancel("run-1")
    await engine.runs.cancel("run-1")
    status = await ended(engine, "run-1")
    assert (status.state, status.error, status.result) == (RunState.CANCELLED, None, None)
    assert [note for note in engine.effects.order() if note != "long reached"] == ["do", "undo"]


async def test_a_run_cancelled_while_no_worker_lives_undoes_with_the_next(engine: Engine) -> None:
    await engine.start_worker()
    await _reach(engine, "activity")
    await engine.kill_worker()
    await engine.runs.cancel("run-1")
    await engine.start_worker()
    assert (await ended(engine, "run-1")).state is RunState.CANCELLED
    assert engine.effects.order() == ["do", "long reached", "undo"]


async def test_a_run_that_ignores_cancelling_goes_on(engine: Engine) -> None:
    await engine.start_worker()
    await _reach(engine, "wait", committed=True)
    await engine.runs.cancel("run-1")
    await engine.runs.signal("run-1", "go", {}, "key-1")
    assert (await ended(engine, "run-1")).state is RunState.SUCCEEDED


async def test_cancelling_a_run_that_ended_changes_nothing(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(FAILS, "run-1", {"activity": "work"})
    status = await ended(engine, "run-1")
    await engine.runs.cancel("run-1")
    assert await engine.runs.status("run-1") == status


async def test_cancelling_nobody_is_refused(engine: Engine) -> None:
    with pytest.raises(RunNotFound):
        await engine.runs.cancel("nobody")


async def test_phases_are_done_in_order_and_shown(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(PHASED, "run-1", {})
    waiting = await status_when(engine, "run-1", lambda status: _states(status)[2:3] == ["running"])
    assert _states(waiting) == ["done", "skipped", "running", "waiting"]
    await engine.runs.signal("run-1", "answer", {"yes": True, "by": "ann"}, "key-1")
    status = await ended(engine, "run-1")
    assert status.state is RunState.SUCCEEDED
    assert status.result is not None
    assert status.result["four"]["seen"] == ["one", "three", "two"]
    assert _states(status) == ["done", "skipped", "done", "done"]
    assert status.progress is not None
    assert [row["report"] for row in status.progress["phases"]] == [None, "not configured", {"by": "ann"}, None]
    assert engine.effects.order() == ["phase-one", "phase-four"]


async def test_a_phase_that_fails_for_good_undoes_in_reverse(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(PHASED, "run-1", {"phase-four": {"fails": True}})
    await engine.runs.signal("run-1", "answer", {"yes": True, "by": "ann"}, "key-1")
    status = await ended(engine, "run-1")
    assert status.state is RunState.FAILED
    assert status.error is not None
    assert (status.error.code, status.error.step) == ("invalid_input", "do:four")
    assert _states(status) == ["done", "skipped", "done", "failed"]
    assert _undos(status) == ["undone", None, "undone", "undone"]
    assert engine.effects.order() == ["phase-one", "phase-four", "undo-four", "undo-three", "undo-one"]


async def test_a_refusal_by_a_person_undoes_what_came_before(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(PHASED, "run-1", {})
    await engine.runs.signal("run-1", "answer", {"yes": False}, "key-1")
    status = await ended(engine, "run-1")
    assert (status.state, status.error) == (RunState.FAILED, RunError("refused", "somebody said no"))
    assert engine.effects.order() == ["phase-one", "undo-three", "undo-one"]


async def test_cancelled_phases_undo_in_reverse_and_finish_despite_a_kill(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(PHASED, "run-1", {"undo-three": {"gate": "undo"}})
    await status_when(engine, "run-1", lambda status: _states(status)[2:3] == ["running"])
    await engine.runs.cancel("run-1")
    await until(lambda: bool(engine.effects.notes("undo-three reached")))
    await engine.kill_worker()
    engine.effects.open("undo")
    await engine.start_worker()
    status = await ended(engine, "run-1")
    assert status.state is RunState.CANCELLED
    assert _undos(status) == ["undone", None, "undone", None]
    done = [note for note in engine.effects.order() if not note.endswith("reached")]
    assert done == ["phase-one", "undo-three", "undo-one"]


async def test_an_undo_that_fails_is_shown_and_the_others_are_done(engine: Engine) -> None:
    await engine.start_worker()
    await engine.runs.start(PHASED, "run-1", {"undo-three": {"fails": True}})
    await engine.runs.signal("run-1", "answer", {"yes": False}, "key-1")
    status = await ended(engine, "run-1")
    assert (status.state, _undos(status)) == (RunState.FAILED, ["undone", None, "failed", None])
    assert engine.effects.order() == ["phase-one", "undo-three", "undo-one"]


async def _reach(engine: Engine, where: str, **more: object) -> None:
    await engine.runs.start(UNDOES, "run-1", {"in": where, **more})
    if where == "activity":
        await until(lambda: bool(engine.effects.notes("long reached")))
    else:
        await status_when(engine, "run-1", lambda status: status.progress is not None)


def _states(status: RunStatus) -> list[str]:
    return [row["state"] for row in status.progress["phases"]] if status.progress else []


def _undos(status: RunStatus) -> list[str | None]:
    return [row["undo"] for row in status.progress["phases"]] if status.progress else []
