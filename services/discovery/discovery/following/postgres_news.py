"""News that the table of listings changed, so that the index need not ask again and again."""

import asyncio

from chassis.database.pool import Database
from chassis.errors import MarketplaceError

CHANNEL = "discovery_listings"
_RECONNECT_SECONDS = 1.0


class PostgresNews:
    """Hears the notices of committed changes; a lost connection only makes us wait for the time-out."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._news = asyncio.Event()

    def forget(self) -> None:
        """Call before reading: what is heard from now on counts as news."""
        self._news.clear()

    async def wait(self, timeout_seconds: float) -> None:
        """Return when there was news since `forget`, or after the time-out."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._news.wait()
        except TimeoutError:
            return

    async def listen(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._listen_until_lost()
            except MarketplaceError:
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen_until_lost(self) -> None:
        lost = asyncio.Event()
        async with self._database.listener() as connection:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, self._on_notice)
            self._news.set()
            await lost.wait()

    def _on_notice(self, *_: object) -> None:
        self._news.set()
