"""A step as one activity of Temporal: how a call travels, and how a worker performs it with a sign of life."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from temporalio import activity

from chassis.durable_runs.execution import perform
from chassis.durable_runs.port import Json, StepCall
from chassis.durable_runs.registry import RunRegistry
from chassis.durable_runs.retry import Retry
from chassis.ending_tasks import end_tasks

PERFORM = "perform"
SIGN_OF_LIFE_SECONDS = 0.5
# Beside the attempts themselves: what a busy worker and its answers may take.
_MARGIN = timedelta(minutes=1)


def sent(call: StepCall) -> Json:
    """The call as JSON; times in seconds."""
    retry = call.retry
    return {
        "key": call.key,
        "activity": call.activity,
        "argument": call.argument,
        "timeout": call.timeout.total_seconds(),
        "attempts": retry.attempts,
        "first_delay": retry.first_delay.total_seconds(),
        "factor": retry.factor,
        "longest_delay": retry.longest_delay.total_seconds(),
    }


def received(call: Json) -> StepCall:
    """The call again."""
    retry = Retry(
        call["attempts"],
        timedelta(seconds=call["first_delay"]),
        call["factor"],
        timedelta(seconds=call["longest_delay"]),
    )
    return StepCall(call["key"], call["activity"], call["argument"], timedelta(seconds=call["timeout"]), retry)


def longest(call: StepCall) -> timedelta:
    """What all attempts and the pauses between them may take."""
    return call.timeout * call.retry.attempts + sum(call.retry.delays(), timedelta(0)) + _MARGIN


def performer(registry: RunRegistry) -> Callable[[Json], Awaitable[Json]]:
    """The one activity of a worker: whatever step it is asked for."""

    @activity.defn(name=PERFORM)
    async def perform_step(call: dict[str, Any]) -> dict[str, Any]:
        living = asyncio.create_task(_show_life())
        try:
            return await perform(registry, received(call), _never)
        finally:
            await end_tasks([living])

    return perform_step


async def _show_life() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(SIGN_OF_LIFE_SECONDS)


async def _never() -> bool:
    """A cancelled step is told by Temporal, which cancels the activity itself."""
    return False
