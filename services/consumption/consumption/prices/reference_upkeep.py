"""Keeps the public list of prices as new as the installed one; the worker runs it."""

import logging
from collections.abc import Awaitable, Callable

from chassis.errors import MarketplaceError
from consumption.prices.actions import KeepReferences

# Reading the list takes seconds of CPU, which the start of everything else needs more.
FIRST_AFTER = 30.0
AGAIN_AFTER = 6 * 3600.0
_RETRY_AFTER = 60.0
_log = logging.getLogger("consumption.prices")


async def keep_references(keep: KeepReferences, pause: Callable[[float], Awaitable[None]]) -> None:
    """Look now and then, until cancelled."""
    wait = FIRST_AFTER
    while True:
        await pause(wait)
        try:
            changed = await keep()
        except MarketplaceError as error:
            _log.warning("reference prices not kept: %s", error.code)
            wait = _RETRY_AFTER
        else:
            _log.info("reference prices kept, %d prices are new", changed)
            wait = AGAIN_AFTER
