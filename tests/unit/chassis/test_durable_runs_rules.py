"""The engine-free rules of durable runs: keys, back-off, messages, outcomes."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from chassis.durable_runs.errors import RunCancelled, StepFailed, StepKeyReused, UnknownActivity, UnknownWorkflow
from chassis.durable_runs.execution import execute
from chassis.durable_runs.inbox import CANCEL_MESSAGE, Inbox, signal_message
from chassis.durable_runs.outcomes import CANCELLED, end_of, run_to_end, step_done, step_failed, unwrap
from chassis.durable_runs.port import Json, StepCall, Steps, WorkflowRef
from chassis.durable_runs.registry import RunRegistry
from chassis.durable_runs.retry import DEFAULT_RETRY, ONCE, Retry
from chassis.durable_runs.status import RunError, RunState
from chassis.durable_runs.step_keys import StepKeys
from chassis.errors import Conflict, ErrorKind, NotFound

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def _never() -> bool:
    return False


async def _always() -> bool:
    return True


async def _nothing(argument: Json) -> Json:
    return {}


async def _workflow(steps: Steps, argument: Json) -> Json:
    return {}


def test_pauses_grow_up_to_the_longest() -> None:
    retry = Retry(attempts=5, first_delay=timedelta(seconds=1), longest_delay=timedelta(seconds=5))
    assert [delay.total_seconds() for delay in retry.delays()] == [1, 2, 4, 5]
    assert list(ONCE.delays()) == []


def test_the_default_outlasts_a_database_that_restarts() -> None:
    assert sum(DEFAULT_RETRY.delays(), timedelta()) >= timedelta(seconds=25)


def test_a_step_key_is_used_once() -> None:
    keys = StepKeys()
    assert [keys.claim("a"), keys.claim("b")] == ["a", "b"]
    assert [keys.number("now"), keys.number("now"), keys.number("sleep")] == ["now#1", "now#2", "sleep#1"]
    with pytest.raises(StepKeyReused):
        keys.claim("a")


def test_a_registry_knows_what_was_added_and_nothing_else() -> None:
    registry = RunRegistry()
    ref = WorkflowRef("publish", 1)
    registry.add_workflow(ref, _workflow)
    registry.add_activity("probe", _nothing)
    assert registry.workflow("publish@1") is _workflow
    assert registry.activity("probe") is _nothing
    with pytest.raises(ValueError, match="registered twice"):
        registry.add_workflow(ref, _workflow)
    with pytest.raises(ValueError, match="registered twice"):
        registry.add_activity("probe", _nothing)
    with pytest.raises(UnknownWorkflow):
        registry.workflow("publish@2")
    with pytest.raises(UnknownActivity):
        registry.activity("call")


def test_a_failed_step_says_why() -> None:
    outcome = step_failed(NotFound("no such listing", id="lst_1"))
    with pytest.raises(StepFailed) as caught:
        unwrap("do:index", outcome)
    failed = caught.value
    assert (failed.cause_code, failed.cause_kind, failed.message) == (
        "not_found",
        ErrorKind.NOT_FOUND,
        "no such listing",
    )
    assert (failed.key, failed.details) == ("do:index", {"id": "lst_1"})


def test_an_outcome_is_a_result_or_an_error() -> None:
    assert unwrap("a", step_done({"n": 1})) == {"n": 1}
    with pytest.raises(RunCancelled):
        unwrap("a", CANCELLED)


@pytest.mark.parametrize(
    ("error", "state", "shown"),
    [
        (RunCancelled("stop"), RunState.CANCELLED, None),
        (
            StepFailed("refused", "no", key="ask", why="late"),
            RunState.FAILED,
            RunError("refused", "no", "ask", {"why": "late"}),
        ),
        (Conflict("taken"), RunState.FAILED, RunError("conflict", "taken")),
    ],
)
async def test_a_run_ends_by_the_name_of_its_error(error: Exception, state: RunState, shown: RunError | None) -> None:
    async def failing(steps: Steps, argument: Json) -> Json:
        raise error

    assert end_of(await run_to_end(failing, None, {})) == (state, None, shown)  # type: ignore[arg-type]


async def test_an_error_without_a_name_passes_through() -> None:
    async def broken(steps: Steps, argument: Json) -> Json:
        raise KeyError("oops")

    with pytest.raises(KeyError):
        await run_to_end(broken, None, {})  # type: ignore[arg-type]


async def test_a_step_of_a_cancelled_run_does_not_begin() -> None:
    began: list[Json] = []

    async def begin(argument: Json) -> Json:
        began.append(argument)
        return {}

    assert await execute(begin, StepCall("a", "begin", {}), _always) == CANCELLED
    assert began == []


async def test_a_step_is_given_up_when_the_run_is_cancelled_meanwhile() -> None:
    answers = [False, True]
    ended: list[str] = []

    async def hang(argument: Json) -> Json:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cut")
        return {}

    async def asked() -> bool:
        return answers.pop(0)

    outcome = await execute(hang, StepCall("a", "hang", {}), asked)
    assert (outcome, ended) == (CANCELLED, ["cut"])


async def test_a_cancellation_that_is_swallowed_is_repeated() -> None:
    swallowed: list[str] = []

    async def stubborn(argument: Json) -> Json:
        while len(swallowed) < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed.append("cancellation")
        return {}

    answers = [False, True]

    async def asked() -> bool:
        return answers.pop(0)

    assert await execute(stubborn, StepCall("a", "stubborn", {}), asked) == CANCELLED
    assert len(swallowed) == 2


async def test_a_broken_activity_fails_its_step_without_showing_its_inside(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(argument: Json) -> Json:
        raise KeyError("secret")

    outcome = await execute(broken, StepCall("a", "index", {}), _never)
    assert outcome["failed"] == {
        "code": "internal",
        "kind": "internal",
        "message": "index broke; see the worker's log",
        "details": {},
    }
    assert "activity index broke in step a" in caplog.text


async def test_a_lost_connection_is_tried_again() -> None:
    attempts: list[Json] = []

    async def flaky(argument: Json) -> Json:
        attempts.append(argument)
        if len(attempts) == 1:
            raise ConnectionResetError
        return {"ok": True}

    call = StepCall("a", "flaky", {}, retry=Retry(attempts=2, first_delay=timedelta(0)))
    assert await execute(flaky, call, _never) == step_done({"ok": True})


async def test_an_inbox_keeps_what_is_not_asked_for_and_hears_a_cancellation_once() -> None:
    messages: list[Json | None] = [
        signal_message("b", {"n": 1}, "k"),
        signal_message("b", {"n": 1}, "k"),
        signal_message("a", {"n": 2}, "k"),
        CANCEL_MESSAGE,
        CANCEL_MESSAGE,
        None,
    ]
    waits: list[timedelta] = []

    async def receive(wait: timedelta) -> Json | None:
        waits.append(wait)
        return messages.pop(0)

    inbox = Inbox(receive, lambda: NOW)
    assert await inbox.take("a", NOW + timedelta(seconds=5)) == {"n": 2}
    assert await inbox.take("b", NOW) == {"n": 1}
    with pytest.raises(RunCancelled):
        await inbox.take("a", NOW - timedelta(seconds=5))
    assert await inbox.take("a", NOW) is None
    assert waits[0] == timedelta(seconds=5)
    assert min(waits) == timedelta(0)
