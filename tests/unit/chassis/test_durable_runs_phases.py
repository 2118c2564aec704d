"""A table of phases on the in-memory engine: order, undo, progress, and a crash in between."""

from fakes.durable_runs import MemoryRuns

from chassis.durable_runs.phases import Phase, run_phases
from chassis.durable_runs.port import Json, Steps, WorkflowRef
from chassis.durable_runs.registry import RunRegistry
from chassis.durable_runs.status import RunState
from chassis.errors import InvalidInput

BUILD = WorkflowRef("build", 1)


def _registry(log: list[str], failing: str = "") -> RunRegistry:
    registry = RunRegistry()

    def activity(name: str) -> None:
        async def act(argument: Json) -> Json:
            log.append(name)
            if name == failing:
                raise InvalidInput(f"{name} failed")
            return {"report": {"reason": argument.get("reason"), "seen": sorted(argument["results"])}}

        registry.add_activity(name, act)

    for name in ("floor", "roof", "remove-floor", "remove-roof"):
        activity(name)

    async def build(steps: Steps, argument: Json) -> Json:
        table = [Phase("floor", "floor", "remove-floor"), Phase("paint", _skip), Phase("roof", "roof", "remove-roof")]
        return await run_phases(steps, table, argument)

    registry.add_workflow(BUILD, build)
    return registry


async def _skip(steps: Steps, argument: Json) -> Json:
    return {"skipped": "not configured"}


async def test_phases_run_in_order_and_see_what_came_before() -> None:
    log: list[str] = []
    runs = MemoryRuns(_registry(log))
    await runs.start(BUILD, "run-1", {})
    status = await runs.finished("run-1")
    assert (status.state, log) == (RunState.SUCCEEDED, ["floor", "roof"])
    assert status.result is not None
    assert status.result["roof"]["report"]["seen"] == ["floor", "paint"]
    assert status.progress is not None
    assert [row["state"] for row in status.progress["phases"]] == ["done", "skipped", "done"]
    assert all(row["started_at"] <= row["ended_at"] for row in status.progress["phases"])


async def test_a_failed_phase_and_those_before_it_are_undone_in_reverse() -> None:
    log: list[str] = []
    runs = MemoryRuns(_registry(log, failing="roof"))
    await runs.start(BUILD, "run-1", {})
    status = await runs.finished("run-1")
    assert (status.state, log) == (RunState.FAILED, ["floor", "roof", "remove-roof", "remove-floor"])
    assert status.error is not None
    assert (status.error.code, status.error.step) == ("invalid_input", "do:roof")
    assert status.progress is not None
    assert status.progress["phases"][2]["report"] == {"code": "invalid_input", "message": "roof failed"}


async def test_an_undo_that_fails_is_left_to_a_person() -> None:
    log: list[str] = []
    registry = _registry(log, failing="remove-floor")

    async def always_broken(argument: Json) -> Json:
        raise InvalidInput("no roof today")

    registry.activities["roof"] = always_broken
    runs = MemoryRuns(registry)
    await runs.start(BUILD, "run-1", {})
    status = await runs.finished("run-1")
    assert status.progress is not None
    assert [row["undo"] for row in status.progress["phases"]] == ["failed", None, "undone"]


async def test_a_crashed_run_goes_on_where_it_was() -> None:
    log: list[str] = []
    runs = MemoryRuns()
    await runs.start(BUILD, "run-1", {})
    assert (await runs.status("run-1")).state is RunState.QUEUED
    await runs.serve(_registry(log))
    await runs.finished("run-1")
    await runs.crash()
    await runs.serve(_registry(log))
    assert (await runs.finished("run-1")).state is RunState.SUCCEEDED
    assert log == ["floor", "roof"]
