"""The worker forgets replies whose day is over, again and again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from chassis.errors import MarketplaceError
from consumption.replies.actions import PurgeReplies

_EVERY = timedelta(minutes=5)
_log = logging.getLogger("consumption.replies")


async def keep_purging(purge: PurgeReplies, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Purge now and every five minutes until cancelled."""
    while True:
        try:
            await purge()
        except MarketplaceError as error:
            _log.warning("expired replies not purged yet: %s", error.code)
        await pause(_EVERY.total_seconds())
