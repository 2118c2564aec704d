"""News of recalls and returns between the processes of consumption, by NOTIFY; one connection for each process."""

import asyncio
from collections import defaultdict
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import cast

from chassis.database.pool import Database
from chassis.errors import MarketplaceError

RECALLED = "leases_recalled"
RETURNED = "leases_returned"

_Topic = tuple[str, str]


class PostgresLeaseNotices:
    """LeaseNotices; run `listen` beside it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hearers: dict[_Topic, set[asyncio.Event]] = defaultdict(set)

    @contextmanager
    def recalls_of(self, holder: str) -> Generator[asyncio.Event]:
        """An event that is set when this holder is recalled something."""
        with self._hearing([(RECALLED, holder)]) as news:
            yield news

    @contextmanager
    def returns_of(self, scope_ids: Iterable[str]) -> Generator[asyncio.Event]:
        """An event that is set when something of these scopes is given back, or a recall of them answered."""
        with self._hearing([(RETURNED, scope_id) for scope_id in scope_ids]) as news:
            yield news

    async def listen(self) -> None:
        """Hear until cancelled; a lost connection is opened again."""
        while True:
            try:
                await self._listen_until_lost()
            except MarketplaceError:
                await asyncio.sleep(1)

    async def _listen_until_lost(self) -> None:
        lost = asyncio.Event()
        async with self._database.listener() as connection:
            connection.add_termination_listener(lambda _: lost.set())
            for channel in (RECALLED, RETURNED):
                await connection.add_listener(channel, self._tell)
            await lost.wait()

    def _tell(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        for news in self._hearers.get((channel, cast("str", payload)), ()):
            news.set()

    @contextmanager
    def _hearing(self, topics: list[_Topic]) -> Generator[asyncio.Event]:
        news = asyncio.Event()
        for topic in topics:
            self._hearers[topic].add(news)
        try:
            yield news
        finally:
            for topic in topics:
                self._hearers[topic].discard(news)
                if not self._hearers[topic]:
                    del self._hearers[topic]
