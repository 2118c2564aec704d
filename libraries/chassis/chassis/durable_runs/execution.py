"""One step, live: attempts with time-out and back-off, given up as soon as the run is cancelled."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from chassis.durable_runs.outcomes import CANCELLED, step_done, step_failed
from chassis.durable_runs.port import Activity, Json, StepCall
from chassis.errors import KIND_FACTS, MarketplaceError, TimedOut, Unavailable

CancelCheck = Callable[[], Awaitable[bool]]

CANCEL_POLL_SECONDS = 1.0

_log = logging.getLogger(__name__)


async def execute(activity: Activity, call: StepCall, is_cancelled: CancelCheck) -> Json:
    """The record of this step: its result, its last error, or that the run was cancelled."""
    if await is_cancelled():
        return CANCELLED
    work = asyncio.ensure_future(_attempts(activity, call))
    watch = asyncio.ensure_future(_cancelled(is_cancelled))
    try:
        await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else CANCELLED
    finally:
        await _stop(work)
        await _stop(watch)


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


async def _cancelled(is_cancelled: CancelCheck) -> None:
    while not await is_cancelled():  # noqa: ASYNC110 - the request lies in the engine, out of reach of an event
        await asyncio.sleep(CANCEL_POLL_SECONDS)


async def _stop(task: asyncio.Future[Any]) -> None:
    task.cancel()
    await asyncio.wait({task})
