"""Durable runs in memory: the same contract as the real engines, for unit tests of workflows.

`crash` forgets everything but the records, as a killed process does; `serve` replays from them.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.durable_runs.errors import NonDeterministicRun, RunIdTaken, RunNotFound
from chassis.durable_runs.execution import perform
from chassis.durable_runs.inbox import CANCEL_MESSAGE, Inbox, signal_message
from chassis.durable_runs.outcomes import CANCELLED, end_of, failed_inside, run_to_end, unwrap_all
from chassis.durable_runs.port import DEFAULT_TIMEOUT, Json, StepCall, WorkflowRef
from chassis.durable_runs.registry import RunRegistry
from chassis.durable_runs.retry import DEFAULT_RETRY, Retry
from chassis.durable_runs.status import RunState, RunStatus
from chassis.durable_runs.step_keys import StepKeys


@dataclass
class Run:
    """Everything an engine would keep of a run."""

    run_id: str
    workflow: WorkflowRef
    argument: Json
    started_at: datetime
    records: dict[int, tuple[str, Any]] = field(default_factory=dict)
    messages: list[Json] = field(default_factory=list)
    message_ids: set[str] = field(default_factory=set)
    taken: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    progress: Json | None = None
    end: Json | None = None
    ended_at: datetime | None = None

    def send(self, message_id: str, message: Json) -> None:
        """Keep a message, once by id."""
        if message_id not in self.message_ids:
            self.message_ids.add(message_id)
            self.messages.append(_as_json(message))
            self.arrived.set()


class MemorySteps:
    """Steps over one run's records."""

    def __init__(self, run: Run, registry: RunRegistry) -> None:
        self._run = run
        self._registry = registry
        self._position = 0
        self._keys = StepKeys()
        self._inbox = Inbox(self._receive, lambda: datetime.now(UTC))

    @property
    def run_id(self) -> str:
        return self._run.run_id

    async def call(
        self,
        key: str,
        activity: str,
        argument: Json,
        *,
        timeout: timedelta = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - the port's own
        retry: Retry = DEFAULT_RETRY,
    ) -> Json:
        return (await self.wave([StepCall(key, activity, argument, timeout, retry)]))[0]

    async def wave(self, calls: Sequence[StepCall]) -> list[Json]:
        keys = [self._keys.claim(call.key) for call in calls]
        places = [self._next() for _ in calls]
        outcomes = await asyncio.gather(
            *(
                self._remember(place, call.key, lambda call=call: self._perform(call))
                for place, call in zip(places, calls, strict=True)
            )
        )
        if CANCELLED in outcomes:
            self._inbox.cancel()
        return unwrap_all(keys, outcomes)

    async def wait_signal(self, name: str, timeout: timedelta) -> Json | None:  # noqa: ASYNC109 - the port's own
        start = await self._moment(self._keys.number(f"wait:{name}"))
        return await self._inbox.take(name, start + timeout)

    async def sleep(self, duration: timedelta) -> None:
        start = await self._moment(self._keys.number("sleep"))
        await self._inbox.take(None, start + duration)

    async def now(self) -> datetime:
        return await self._moment(self._keys.number("now"))

    async def report(self, progress: Json) -> None:
        async def keep() -> None:
            self._run.progress = _as_json(progress)

        await self._remember(self._next(), "report", keep)

    def ignore_cancel(self) -> None:
        self._inbox.deaf = True

    async def _perform(self, call: StepCall) -> Json:
        return await perform(self._registry, call, self._cancelled)

    async def _cancelled(self) -> bool:
        return not self._inbox.deaf and CANCEL_MESSAGE in self._run.messages

    async def _receive(self, wait: timedelta) -> Json | None:
        return await self._remember(self._next(), "receive", lambda: self._next_message(wait))

    async def _next_message(self, wait: timedelta) -> Json | None:
        deadline = asyncio.get_running_loop().time() + wait.total_seconds()
        while self._run.taken == len(self._run.messages):
            self._run.arrived.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._run.arrived.wait()
            except TimeoutError:
                return None
        self._run.taken += 1
        return self._run.messages[self._run.taken - 1]

    async def _moment(self, key: str) -> datetime:
        async def read() -> str:
            return datetime.now(UTC).isoformat()

        return datetime.fromisoformat(await self._remember(self._next(), key, read))

    def _next(self) -> int:
        self._position += 1
        return self._position

    async def _remember(self, place: int, key: str, live: Callable[[], Awaitable[Any]]) -> Any:
        if place in self._run.records:
            recorded, answer = self._run.records[place]
            if recorded != key:
                raise NonDeterministicRun(f"step {place} of run {self.run_id} was {recorded} and is now {key}")
            return answer
        answer = _as_json(await live())
        self._run.records[place] = (key, answer)
        return answer


class MemoryRuns:
    """DurableRuns in this process; `registry` None means that no worker is there yet."""

    def __init__(self, registry: RunRegistry | None = None) -> None:
        self._registry = registry
        self._runs: dict[str, Run] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self, workflow: WorkflowRef, run_id: str, argument: Json) -> None:
        run = self._runs.setdefault(run_id, Run(run_id, workflow, _as_json(argument), datetime.now(UTC)))
        if run.workflow != workflow:
            raise RunIdTaken(f"run {run_id} belongs to {run.workflow}")
        self._take_up(run)

    async def signal(self, run_id: str, name: str, payload: Json, idempotency_key: str) -> None:
        self._run(run_id).send(f"{name}:{idempotency_key}", signal_message(name, payload, idempotency_key))

    async def cancel(self, run_id: str) -> None:
        self._run(run_id).send("cancel", CANCEL_MESSAGE)

    async def status(self, run_id: str) -> RunStatus:
        run = self._run(run_id)
        waiting = RunState.RUNNING if run_id in self._tasks else RunState.QUEUED
        state, result, error = end_of(run.end) if run.end else (waiting, None, None)
        ref = run.workflow
        return RunStatus(
            run_id, ref.name, ref.version, state, run.progress, result, error, run.started_at, run.ended_at
        )

    async def list(
        self, workflow: str | None = None, states: Sequence[RunState] = (), limit: int = 100
    ) -> list[RunStatus]:
        found = [await self.status(run_id) for run_id in reversed(self._runs)]
        fitting = [run for run in found if workflow in {None, run.workflow} and (not states or run.state in states)]
        return fitting[:limit]

    async def serve(self, registry: RunRegistry) -> None:
        """A worker arrives and continues what is there."""
        self._registry = registry
        for run in self._runs.values():
            self._take_up(run)

    async def crash(self) -> None:
        """The worker is killed: whatever it had not recorded is lost."""
        self._registry = None
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def finished(self, run_id: str) -> RunStatus:
        """Wait for a run's end."""
        if run_id in self._tasks:
            await self._tasks[run_id]
        return await self.status(run_id)

    def _run(self, run_id: str) -> Run:
        if run_id not in self._runs:
            raise RunNotFound(f"no run has the id {run_id}")
        return self._runs[run_id]

    def _take_up(self, run: Run) -> None:
        if self._registry is not None and run.end is None and run.run_id not in self._tasks:
            self._tasks[run.run_id] = asyncio.create_task(self._work(run, self._registry))

    async def _work(self, run: Run, registry: RunRegistry) -> None:
        try:
            workflow = registry.workflow(str(run.workflow))
            run.end = await run_to_end(workflow, MemorySteps(run, registry), run.argument)
        except Exception:
            run.end = failed_inside()
        run.end = _as_json(run.end)
        run.ended_at = datetime.now(UTC)


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))
