"""Moves an application's runs to another engine: new runs begin there, those under way end where they began."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from chassis.durable_runs.errors import RunNotFound
from chassis.durable_runs.opening import RunsHome, open_runs, serve_runs
from chassis.durable_runs.port import DurableRuns, Json, ServedRuns, WorkflowRef
from chassis.durable_runs.registry import RunRegistry
from chassis.durable_runs.status import RunState, RunStatus
from chassis.ending_tasks import end_tasks
from chassis.errors import InvalidInput, Unavailable

LOOK_SECONDS = 10.0
_UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)
_MANY = 1_000
_log = logging.getLogger(__name__)


class SameEngine(InvalidInput):
    """Runs can only be drained from the other engine."""

    code = "runs_drained_from_same_engine"


class MovingRuns:
    """DurableRuns over two engines: the one of `old` is asked first, since it alone may know a run from before."""

    def __init__(self, new: ServedRuns, old: DurableRuns, lost: "asyncio.Future[Exception]") -> None:
        self.new, self.old, self.lost = new, old, lost

    async def start(self, workflow: WorkflowRef, run_id: str, argument: Json) -> None:
        """Start once by id, also where the run began on the old engine."""
        try:
            await self.old.status(run_id)
        except RunNotFound:
            await self.new.start(workflow, run_id, argument)
        else:
            # It only refuses another workflow's id.
            await self.old.start(workflow, run_id, argument)

    async def signal(self, run_id: str, name: str, payload: Json, idempotency_key: str) -> None:
        """Send to where the run is."""
        try:
            await self.old.signal(run_id, name, payload, idempotency_key)
        except RunNotFound:
            await self.new.signal(run_id, name, payload, idempotency_key)

    async def cancel(self, run_id: str) -> None:
        """Ask where the run is."""
        try:
            await self.old.cancel(run_id)
        except RunNotFound:
            await self.new.cancel(run_id)

    async def status(self, run_id: str) -> RunStatus:
        """Where the run stands, on whichever engine."""
        try:
            return await self.old.status(run_id)
        except RunNotFound:
            return await self.new.status(run_id)

    async def list(
        self, workflow: str | None = None, states: Sequence[RunState] = (), limit: int = 100
    ) -> list[RunStatus]:
        """The newest of both."""
        both = await asyncio.gather(*(one.list(workflow, states, limit) for one in (self.new, self.old)))
        return sorted((one for part in both for one in part), key=lambda one: one.started_at, reverse=True)[:limit]


@asynccontextmanager
async def serve_moving(registry: RunRegistry, new: RunsHome, old: RunsHome) -> AsyncGenerator[ServedRuns]:
    """Serve `new`, and `old` too if runs are under way there. Raises SameEngine, and what the engines raise."""
    if new.engine == old.engine:
        raise SameEngine(f"Runs are drained from another engine than the one in use, and both are {new.engine}.")
    async with AsyncExitStack() as stack:
        outside = await stack.enter_async_context(open_runs(old))
        left = await _left(outside)
        served = await stack.enter_async_context(serve_runs(registry, new))
        if not left:
            yield MovingRuns(served, outside, served.lost)
            return
        draining = await stack.enter_async_context(serve_runs(registry, old))
        _log.info("%s left on %s, where they began; new ones begin on %s", _count(left), old.engine, new.engine)
        tasks = [asyncio.create_task(_tell_when_drained(draining, old.engine))]
        try:
            yield MovingRuns(served, draining, _first_lost(served, draining))
        finally:
            await end_tasks(tasks)


async def _left(runs: DurableRuns) -> int:
    return len(await runs.list(states=_UNDER_WAY, limit=_MANY))


async def _tell_when_drained(runs: DurableRuns, engine: str) -> None:
    told = -1
    while told != 0:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            left = await _left(runs)
        except Unavailable:
            continue
        if left != told:
            _log.info("%s left on %s", _count(left), engine)
        told = left
    _log.info("%s is drained: it is not needed from the next start on", engine)


def _count(left: int) -> str:
    return f"{left} runs are" if left != 1 else "1 run is"


def _first_lost(*served: ServedRuns) -> "asyncio.Future[Exception]":
    first: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    def take(one: "asyncio.Future[Exception]") -> None:
        if not first.done() and not one.cancelled():
            first.set_result(one.result())

    for one in served:
        one.lost.add_done_callback(take)
    return first
