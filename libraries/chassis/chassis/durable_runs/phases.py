"""A run as a table of phases: done in order, undone in reverse when one fails for good or the run is cancelled."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from chassis.durable_runs.errors import RunCancelled, StepFailed
from chassis.durable_runs.port import DEFAULT_TIMEOUT, Json, Steps
from chassis.durable_runs.progress import PhaseState, Progress, UndoState
from chassis.durable_runs.retry import DEFAULT_RETRY, Retry

PhaseBody = Callable[[Steps, Json], Awaitable[Json]]

# An undo that gives up leaves things half done, so it outlasts what a phase does.
UNDO_RETRY = Retry(attempts=20)


@dataclass(frozen=True)
class Phase:
    """One row: `do` and `undo` name activities; a phase that waits for people gives a coroutine over steps as `do`.

    Both receive the run's argument plus `run_id` and `results` (by phase name, those done so far); `undo` also
    receives `reason`. Both must be safe to run twice, and `undo` also when `do` did nothing or only half.
    A result with `skipped` shows the phase as skipped; its `report` is shown in the progress.
    """

    name: str
    do: str | PhaseBody
    undo: str | None = None
    timeout: timedelta = DEFAULT_TIMEOUT
    retry: Retry = DEFAULT_RETRY


async def run_phases(steps: Steps, phases: Sequence[Phase], argument: Json) -> Json:
    """The results by phase name. After undoing, raises what stopped it: StepFailed or RunCancelled."""
    progress = Progress([phase.name for phase in phases])
    results: Json = {}
    for index, phase in enumerate(phases):
        progress.enter(phase.name, await steps.now())
        try:
            await steps.report(progress.shown())
            results[phase.name] = await _do(steps, phase, argument | {"run_id": steps.run_id, "results": dict(results)})
        except (StepFailed, RunCancelled) as stop:
            progress.leave(phase.name, PhaseState.FAILED, await steps.now(), _why(stop))
            await _undo_all(steps, phases[: index + 1], argument | {"results": dict(results)}, stop, progress)
            raise
        result = results[phase.name]
        state = PhaseState.SKIPPED if "skipped" in result else PhaseState.DONE
        progress.leave(phase.name, state, await steps.now(), result.get("report") or result.get("skipped"))
    await steps.report(progress.shown())
    return results


async def _do(steps: Steps, phase: Phase, argument: Json) -> Json:
    if isinstance(phase.do, str):
        return await steps.call(f"do:{phase.name}", phase.do, argument, timeout=phase.timeout, retry=phase.retry)
    return await phase.do(steps, argument)


async def _undo_all(
    steps: Steps, started: Sequence[Phase], argument: Json, stop: StepFailed | RunCancelled, progress: Progress
) -> None:
    steps.ignore_cancel()
    argument = argument | {"run_id": steps.run_id, "reason": _why(stop)}
    for phase in reversed(started):
        if phase.undo is not None:
            progress.undo(phase.name, UndoState.UNDOING)
            await steps.report(progress.shown())
            progress.undo(phase.name, await _undo(steps, phase, phase.undo, argument))
    await steps.report(progress.shown())


async def _undo(steps: Steps, phase: Phase, undo: str, argument: Json) -> UndoState:
    try:
        await steps.call(f"undo:{phase.name}", undo, argument, timeout=phase.timeout, retry=UNDO_RETRY)
    except StepFailed:
        return UndoState.FAILED
    return UndoState.UNDONE


def _why(stop: StepFailed | RunCancelled) -> Json:
    code = stop.cause_code if isinstance(stop, StepFailed) else stop.code
    return {"code": code, "message": stop.message}
