"""The port: what a workflow may ask of its engine, and what others may ask about runs.

A workflow is `async def run(steps, argument) -> result` over JSON objects. It must be deterministic: time, chance and
the outer world come through `steps` only. Parallel work goes through `wave`; a free `asyncio.gather` over steps would
bind results to the wrong branch after a recovery.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from chassis.durable_runs.retry import DEFAULT_RETRY, Retry
from chassis.durable_runs.status import RunState, RunStatus

Json = dict[str, Any]
Activity = Callable[[Json], Awaitable[Json]]

DEFAULT_TIMEOUT = timedelta(seconds=30)


@dataclass(frozen=True)
class WorkflowRef:
    """A workflow by name and version; a change that breaks runs in progress is a new version."""

    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True)
class StepCall:
    """One activity call: `timeout` bounds each attempt, `retry` says how often and how far apart."""

    key: str
    activity: str
    argument: Json
    timeout: timedelta = DEFAULT_TIMEOUT
    retry: Retry = DEFAULT_RETRY


class Steps(Protocol):
    """What a workflow sees of its engine. Every answer is remembered under its key and given again on recovery."""

    @property
    def run_id(self) -> str:
        """The id the run was started with."""
        ...

    async def call(
        self,
        key: str,
        activity: str,
        argument: Json,
        *,
        timeout: timedelta = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - kept by the engine, across processes
        retry: Retry = DEFAULT_RETRY,
    ) -> Json:
        """Run an activity; raises StepFailed when it failed for good, RunCancelled when the run was cancelled."""
        ...

    async def wave(self, calls: Sequence[StepCall]) -> list[Json]:
        """Run activities side by side; results in the order of the calls. Raises after the last one ended."""
        ...

    async def wait_signal(
        self,
        name: str,
        timeout: timedelta,  # noqa: ASYNC109 - kept by the engine, across processes
    ) -> Json | None:
        """The payload of the next signal of this name, sent before or after; None when the time is over."""
        ...

    async def sleep(self, duration: timedelta) -> None:
        """Wait; a recovered run wakes at the time first set."""
        ...

    async def now(self) -> datetime:
        """The present moment as first seen."""
        ...

    async def report(self, progress: Json) -> None:
        """Replace the progress that `status` shows."""
        ...

    def ignore_cancel(self) -> None:
        """From here on a cancellation is not heard any more: what undoes or settles must not be stopped."""
        ...


Workflow = Callable[[Steps, Json], Awaitable[Json]]


class DurableRuns(Protocol):
    """Runs as seen from any process."""

    async def start(self, workflow: WorkflowRef, run_id: str, argument: Json) -> None:
        """Start once by id: the same id again changes nothing. Raises RunIdTaken for another workflow's id."""
        ...

    async def signal(self, run_id: str, name: str, payload: Json, idempotency_key: str) -> None:
        """Send a signal; the same key again has no effect. Raises RunNotFound."""
        ...

    async def cancel(self, run_id: str) -> None:
        """Ask the run to stop and undo. An ended run stays as it is. Raises RunNotFound."""
        ...

    async def status(self, run_id: str) -> RunStatus:
        """Where the run stands. Raises RunNotFound."""
        ...

    async def list(
        self, workflow: str | None = None, states: Sequence[RunState] = (), limit: int = 100
    ) -> list[RunStatus]:
        """The newest runs first, of one workflow name and of some states if given."""
        ...


class ServedRuns(DurableRuns, Protocol):
    """Runs in a worker's own process."""

    lost: "asyncio.Future[Exception]"
    """Resolves with the error when the worker cannot go on; its process must then end and be started again."""
