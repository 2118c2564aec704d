"""The tasks of a process that keep its index up to date, until cancelled."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from chassis.errors import MarketplaceError
from discovery.following.progress import Waiting

# Covers the time of a lost connection.
_LOOK_ANYWAY_SECONDS = 1.0
_AFTER_FAILURE_SECONDS = 0.5
_MODEL_AGAIN_SECONDS = 5.0
_log = logging.getLogger("discovery.following")

Deed = Callable[[], Awaitable[int]]


class News(Protocol):
    """Says when it is worth looking."""

    def forget(self) -> None:
        """What is heard from now on counts as news."""
        ...

    async def wait(self, timeout_seconds: float) -> None:
        """Return upon news, or after the time-out."""
        ...


async def follow_table(take: Deed, news: News) -> None:
    """Take changes as soon as there are any."""
    while True:
        news.forget()
        try:
            taken = await take()
        except MarketplaceError as error:
            _log.warning("the index does not follow: %s", error.code)
            await asyncio.sleep(_AFTER_FAILURE_SECONDS)
            continue
        if not taken:
            await news.wait(_LOOK_ANYWAY_SECONDS)


async def give_vectors(give: Deed, waiting: Waiting, start_model: Callable[[], None]) -> None:
    """Give vectors as soon as something waits; a model that failed is started again after a while."""
    while True:
        start_model()
        await waiting.wanted.wait()
        waiting.wanted.clear()
        pause_seconds = await _give_all(give, waiting)
        if waiting:
            waiting.wanted.set()
            await asyncio.sleep(pause_seconds)


async def _give_all(give: Deed, waiting: Waiting) -> float:
    """How many seconds to pause where something still waits."""
    try:
        while waiting and await give():
            pass
    except MarketplaceError as error:
        _log.warning("vectors are not kept: %s", error.code)
        return _AFTER_FAILURE_SECONDS
    return _MODEL_AGAIN_SECONDS


async def keep_model(start_model: Callable[[], None]) -> None:
    """Start a model that failed again after a while, whether anything waits for it or not."""
    while True:
        start_model()
        await asyncio.sleep(_MODEL_AGAIN_SECONDS)
