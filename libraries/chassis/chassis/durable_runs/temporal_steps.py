"""The steps of one run, inside its workflow on Temporal. Only workers load this module.

Each step is one activity, its id the step's key: a replay that asks for another key is refused by Temporal itself.
Attempts and back-off happen inside the activity, as on every engine; Temporal starts it again only where its worker
went silent.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

from chassis.durable_runs.inbox import Inbox
from chassis.durable_runs.outcomes import CANCELLED, step_failed, unwrap_all
from chassis.durable_runs.port import DEFAULT_TIMEOUT, Json, StepCall
from chassis.durable_runs.retry import DEFAULT_RETRY, Retry
from chassis.durable_runs.step_keys import StepKeys
from chassis.durable_runs.temporal_activity import PERFORM, longest, sent
from chassis.durable_runs.temporal_runs import MEMO_PROGRESS
from chassis.errors import TimedOut

_TAKEN_OVER_AT_ONCE = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=1))


@dataclass
class Mailbox:
    """What was sent to the run: signals and the wish to cancel, in the order of its history."""

    messages: deque[Json] = field(default_factory=deque[Json])
    cancel_asked: bool = False

    def put(self, message: Json) -> None:
        """One more message."""
        self.messages.append(message)
        self.cancel_asked = self.cancel_asked or "cancel" in message

    async def next(self, wait: timedelta) -> Json | None:
        """The next message, None when the time is over."""
        if not self.messages and wait > timedelta(0):
            try:
                await workflow.wait_condition(lambda: bool(self.messages), timeout=wait)
            except TimeoutError:
                return None
        return self.messages.popleft() if self.messages else None


class TemporalSteps:
    """Steps over Temporal. `takeover` is how long a worker may be silent before another takes its step."""

    def __init__(self, run_id: str, mailbox: Mailbox, takeover: timedelta) -> None:
        self._run_id = run_id
        self._mailbox = mailbox
        self._takeover = takeover
        self._keys = StepKeys()
        self._inbox = Inbox(mailbox.next, workflow.now)

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
        """Run activities side by side, started in the order of the calls."""
        keys = [self._keys.claim(call.key) for call in calls]
        if self._cancelled():
            self._inbox.cancel()
        begun = [self._begin(call) for call in calls]
        await workflow.wait_condition(lambda: _ended(begun) or self._cancelled())
        stopped = [one for one in begun if not one.done()]
        for one in stopped:
            one.cancel()
        await workflow.wait_condition(lambda: _ended(begun))
        outcomes = [_outcome(call, one, one in stopped) for call, one in zip(calls, begun, strict=True)]
        if CANCELLED in outcomes:
            self._inbox.cancel()
        return unwrap_all(keys, outcomes)

    async def wait_signal(
        self,
        name: str,
        timeout: timedelta,  # noqa: ASYNC109 - kept by the engine, across processes
    ) -> Json | None:
        """The next signal of this name."""
        return await self._inbox.take(name, workflow.now() + timeout)

    async def sleep(self, duration: timedelta) -> None:
        """Wait, hearing a cancellation."""
        await self._inbox.take(None, workflow.now() + duration)

    async def now(self) -> datetime:
        """The present moment of the run's history."""
        return workflow.now()

    async def report(self, progress: Json) -> None:
        """Replace the progress."""
        workflow.upsert_memo({MEMO_PROGRESS: progress})

    def ignore_cancel(self) -> None:
        """Hear no cancellation any more."""
        self._inbox.deaf = True

    def _cancelled(self) -> bool:
        return self._mailbox.cancel_asked and not self._inbox.deaf

    def _begin(self, call: StepCall) -> "workflow.ActivityHandle[Json]":
        return workflow.start_activity(
            PERFORM,
            sent(call),
            activity_id=call.key,
            summary=call.activity,
            result_type=dict,
            start_to_close_timeout=longest(call),
            heartbeat_timeout=self._takeover,
            retry_policy=_TAKEN_OVER_AT_ONCE,
            # What undoes a step must not overtake it.
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )


def _ended(begun: "Sequence[asyncio.Task[Json]]") -> bool:
    return all(one.done() for one in begun)


def _outcome(call: StepCall, ended: "asyncio.Task[Json]", stopped: bool) -> Json:
    if ended.cancelled():
        return CANCELLED
    error = ended.exception()
    if error is None:
        return ended.result()
    if is_cancelled_exception(error):
        return CANCELLED
    if isinstance(error, ActivityError):
        # The worker of a step that was to stop may have died before: nobody is left who could say so.
        if stopped:
            return CANCELLED
        return step_failed(TimedOut(f"{call.activity} did not come to an end"))
    raise error
