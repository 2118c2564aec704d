"""The tasks of the worker that keep popularity fresh, until cancelled."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from chassis.clock import Clock
from chassis.errors import MarketplaceError

_log = logging.getLogger("discovery.trending")


async def again_and_again(deed: Callable[[datetime], Awaitable[None]], clock: Clock, every: timedelta) -> None:
    """Do something now and then; a failure waits for the next time."""
    while True:
        try:
            await deed(clock.now())
        except MarketplaceError as error:
            _log.warning("popularity waits: %s", error.code)
        await asyncio.sleep(every.total_seconds())
