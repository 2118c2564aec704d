"""Ends tasks for good: a driver may swallow a cancellation that meets a breaking connection, so it is repeated."""

import asyncio
from collections.abc import Collection
from typing import Any

PAUSE_SECONDS = 0.1


async def end_tasks(tasks: "Collection[asyncio.Future[Any]]") -> None:
    """Cancel until every task is done; their results and errors are dropped."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=PAUSE_SECONDS)
