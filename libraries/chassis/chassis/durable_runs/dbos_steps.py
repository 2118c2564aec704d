"""The steps of one run on DBOS. Imports DBOS: only workers load this module.

Every step's record is a JSON outcome, never a pickled exception. DBOS numbers the steps as they start and keeps the
key as the step's name; a replay that asks for another key under the same number is refused.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, Protocol

from dbos import DBOS
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from chassis.durable_runs.dbos_runs import INBOX_TOPIC, PROGRESS_EVENT
from chassis.durable_runs.errors import NonDeterministicRun
from chassis.durable_runs.execution import perform
from chassis.durable_runs.inbox import Inbox
from chassis.durable_runs.outcomes import CANCELLED, unwrap_all
from chassis.durable_runs.port import DEFAULT_TIMEOUT, Json, StepCall
from chassis.durable_runs.registry import RunRegistry
from chassis.durable_runs.retry import DEFAULT_RETRY, Retry
from chassis.durable_runs.step_keys import StepKeys
from chassis.errors import Unavailable


class WorkerSide(Protocol):
    """What the steps need of their worker."""

    registry: RunRegistry

    async def cancel_asked(self, run_id: str) -> bool:
        """Whether somebody asked the run to stop."""
        ...

    async def admit(self) -> None:
        """Returns at once, or never when the worker is stopping."""
        ...

    def step(self) -> AbstractAsyncContextManager[None]:
        """Around activities: a stopping worker lets them end, and admits no more."""
        ...

    async def lose(self, error: Exception) -> NoReturn:
        """Tell the supervisor that this worker cannot go on, and never return: the run waits for the next one."""
        ...


class DbosSteps:
    """Steps over DBOS, on the caller's event loop."""

    def __init__(self, worker: WorkerSide, run_id: str) -> None:
        self._worker = worker
        self._run_id = run_id
        self._keys = StepKeys()
        self._inbox = Inbox(self._receive, lambda: datetime.now(UTC))
        self._refusal: NonDeterministicRun | None = None

    @property
    def run_id(self) -> str:
        """The id the run was started with."""
        return self._run_id

    async def call(
        self,
        key: str,
        activity: str,
        argument: Json,
        *,
        timeout: timedelta = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - kept by the engine, across processes
        retry: Retry = DEFAULT_RETRY,
    ) -> Json:
        """Run one activity."""
        return (await self.wave([StepCall(key, activity, argument, timeout, retry)]))[0]

    async def wave(self, calls: Sequence[StepCall]) -> list[Json]:
        """Run activities side by side, numbered in the order of the calls before the first one starts."""
        keys = [self._keys.claim(call.key) for call in calls]
        reserved = [DBOS.reserve_step() for _ in calls]
        async with self._worker.step():
            outcomes: list[Any] = await asyncio.gather(
                *(
                    self._engine(step.run_async({"name": call.key}, self._perform, call))
                    for step, call in zip(reserved, calls, strict=True)
                ),
                return_exceptions=True,
            )
        _raise_first(outcomes)
        if CANCELLED in outcomes:
            self._inbox.cancel()
        return unwrap_all(keys, outcomes)

    async def wait_signal(
        self,
        name: str,
        timeout: timedelta,  # noqa: ASYNC109 - kept by the engine, across processes
    ) -> Json | None:
        """The next signal of this name."""
        start = await self._moment(self._keys.number(f"wait:{name}"))
        return await self._inbox.take(name, start + timeout)

    async def sleep(self, duration: timedelta) -> None:
        """Wait, hearing a cancellation."""
        start = await self._moment(self._keys.number("sleep"))
        await self._inbox.take(None, start + duration)

    async def now(self) -> datetime:
        """The present moment, recorded."""
        return await self._moment(self._keys.number("now"))

    async def report(self, progress: Json) -> None:
        """Replace the progress."""
        await self._engine(DBOS.set_event_async(PROGRESS_EVENT, progress))

    def ignore_cancel(self) -> None:
        """Hear no cancellation any more."""
        self._inbox.deaf = True

    async def _perform(self, call: StepCall) -> Json:
        return await perform(self._worker.registry, call, self._cancelled)

    async def _cancelled(self) -> bool:
        if self._inbox.deaf:
            return False
        try:
            return await self._worker.cancel_asked(self._run_id)
        except Unavailable:
            # The step goes on; whoever cancelled is heard at the next look.
            return False

    async def _receive(self, wait: timedelta) -> Json | None:
        return await self._engine(DBOS.recv_async(INBOX_TOPIC, wait.total_seconds()))

    async def _moment(self, key: str) -> datetime:
        return datetime.fromisoformat(await self._engine(DBOS.run_step_async({"name": key}, _read_clock)))

    async def _engine(self, asked: Awaitable[Any]) -> Any:
        """Await the engine; its errors become ours, and one it cannot mend ends the worker, not the run."""
        if self._refusal is not None:
            _discard(asked)
            raise self._refusal
        await self._worker.admit()
        try:
            return await asked
        except (dbos_error.DBOSUnexpectedStepError, dbos_error.DBOSStepNondeterminismError) as error:
            self._refusal = NonDeterministicRun(
                f"run {self._run_id} recorded other steps than its workflow asks for now; "
                "run it on the build it began with, or give the changed workflow a new version",
                engine=str(error),
            )
            raise self._refusal from error
        except (SQLAlchemyError, dbos_error.DBOSException) as error:
            await self._worker.lose(error)


def _raise_first(outcomes: Sequence[object]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


def _discard(asked: Awaitable[Any]) -> None:
    close: Callable[[], None] | None = getattr(asked, "close", None)
    if close is not None:
        close()


async def _read_clock() -> str:
    return datetime.now(UTC).isoformat()
