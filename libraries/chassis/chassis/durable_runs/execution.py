"""One step, live: attempts with time-out and back-off, given up as soon as the run is cancelled."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from chassis.durable_runs.errors import UnknownActivity
from chassis.durable_runs.outcomes import CANCELLED, step_done, step_failed
from chassis.durable_runs.port import Activity, Json, StepCall
from chassis.durable_runs.registry import RunRegistry
from chassis.ending_tasks import end_tasks
from chassis.errors import KIND_FACTS, MarketplaceError, TimedOut, Unavailable

CancelCheck = Callable[[], Awaitable[bool]]

CANCEL_POLL_SECONDS = 1.0

_log = logging.getLogger(__name__)


async def perform(registry: RunRegistry, call: StepCall, is_cancelled: CancelCheck) -> Json:
    """The record of this step, also when no such activity is registered: what came before can then be undone."""
    try:
        activity = registry.activity(call.activity)
    except UnknownActivity as error:
        return step_failed(error)
    return await execute(activity, call, is_cancelled)


async def execute(activity: Activity, call: StepCall, is_cancelled: CancelCheck) -> Json:
    """The record of this step: its result, its last error, or that the run was cancelled."""
    if await is_cancelled():
        return CANCELLED
    work = asyncio.ensure_future(_attempts(activity, call))
    try:
        while not work.done():
            await asyncio.wait({work}, timeout=CANCEL_POLL_SECONDS)
            if not work.done() and await is_cancelled():
                return CANCELLED
        return work.result()
    finally:
        await end_tasks([work])


async def _attempts(activity: Activity, call: StepCall) -> Json:
    delays = call.retry.delays()
    while True:
        try:
            async with asyncio.timeout(call.timeout.total_seconds()):
                return step_done(await activity(call.argument))
        except MarketplaceError as error:
            failure = error
        except TimeoutError:
            failure = TimedOut(f"{call.activity} took longer than {call.timeout.total_seconds():g} s")
        except OSError as error:
            failure = Unavailable(f"{call.activity} lost a connection: {type(error).__name__}")
        except Exception:
            _log.exception("activity %s broke in step %s", call.activity, call.key)
            failure = MarketplaceError(f"{call.activity} broke; see the worker's log")
        delay = next(delays, None) if KIND_FACTS[failure.kind].retryable else None
        if delay is None:
            return step_failed(failure)
        await asyncio.sleep(delay.total_seconds())
