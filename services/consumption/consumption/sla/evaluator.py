"""Judges the listings and forgets old sums, again and again beside the event consumers."""

import logging
from collections.abc import Awaitable, Callable

from chassis.errors import MarketplaceError

_log = logging.getLogger("consumption.sla")


async def repeat(
    deed: Callable[[], Awaitable[object]], pause: Callable[[float], Awaitable[None]], every: float
) -> None:
    """Do it until cancelled, `every` so many seconds; where the database is away, try again at the next turn."""
    while True:
        try:
            await deed()
        except MarketplaceError as error:
            _log.warning("listings not judged this time: %s", error.code)
        await pause(every)
