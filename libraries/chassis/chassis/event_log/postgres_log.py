"""The EventLog on PostgreSQL: the outbox itself, reached through the SQL functions of migrations/ alone."""

import asyncio
import logging
from collections.abc import Sequence

from chassis.database.pool import Database
from chassis.database.transaction import Row, Transaction
from chassis.errors import MarketplaceError
from chassis.event_log.news import News
from chassis.event_log.port import Consumer, Event, EventFailed, RecordedEvent
from chassis.event_log.taking import Taking, keys_set_aside, take_again

CHANNEL = "events_appended"
SEQUENCE_BATCH = 1000
_log = logging.getLogger("event_log")


class PostgresEventLog:
    """Appends, sequences, reads; one instance for each process and role."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._news = News()
        self._owed: set[str] = set()
        self.taking = Taking()
        self._waking: asyncio.Task[None] | None = None

    async def append(self, transaction: Transaction, events: Sequence[Event]) -> None:
        """Append inside the transaction of the fact, and wake the readers after its commit."""
        await transaction.execute_many(
            "SELECT events.append($1, $2, $3, $4, $5, $6, $7)",
            [(e.topic, e.id, e.key, e.type, e.source, e.time, e.data) for e in events],
        )
        transaction.after_commit(lambda: self._wake({event.topic for event in events}))

    async def read(self, topic: str, after: int, at_most: int) -> list[RecordedEvent]:
        """Events of a topic after a position, in order."""
        # A reader may be woken before any consumer has given the news its position.
        await self.sequence()
        async with self.database.transaction() as transaction:
            return await self._read(transaction, topic, after, at_most)

    async def head(self, topic: str) -> int:
        """The position of the newest event of a topic; 0 for none."""
        await self.sequence()
        async with self.database.transaction() as transaction:
            return await transaction.fetch_value("SELECT events.head($1)", topic)

    async def groups_behind(self, topic: str, event_id: str, groups: Sequence[str]) -> int | None:
        """How many of the groups have not taken the event yet; None while it has no position."""
        async with self.database.transaction() as transaction:
            return await transaction.fetch_value(
                "SELECT events.groups_behind($1, $2, $3)", topic, event_id, list(groups)
            )

    async def consume_once(self, consumer: Consumer) -> int:
        """Take one batch in one transaction: effects, cursor, and what had to be set aside. Raises EventFailed."""
        await self.sequence()
        async with self.database.transaction() as transaction:
            taken, failed = await self._take_batch(transaction, consumer)
        if failed is not None:
            raise failed
        return taken

    async def replay(self, consumer: Consumer) -> int:
        """Try again what the group set aside, in order; how many took effect now.

        What fails again stays, with what is behind it. The group takes nothing while one is tried, so that replays at
        the same time take no event twice. Raises what will pass by itself.
        """
        replayed, reached = 0, 0
        stuck: set[str] = set()
        while True:
            async with self.database.transaction() as transaction:
                await self._lock_cursor(transaction, consumer)
                row = await transaction.fetch_one(
                    "SELECT * FROM events.next_set_aside($1, $2, $3)", consumer.group, consumer.topic, reached
                )
                if row is None:
                    return replayed
                event = _event_of(consumer.topic, row)
                if event.key not in stuck and await take_again(transaction, consumer, event, row["tries"] + 1):
                    replayed += 1
                else:
                    stuck.add(event.key)
            reached = event.position

    async def lag(self) -> dict[tuple[str, str], int]:
        """How far each group of this service is behind, by group and topic."""
        async with self.database.transaction() as transaction:
            rows = await transaction.fetch("SELECT * FROM events.lag()")
        return {(row["consumer_group"], row["topic"]): row["behind"] for row in rows}

    async def set_aside(self) -> dict[tuple[str, str], int]:
        """How many events each group of this service has set aside and not taken since, by group and topic."""
        async with self.database.transaction() as transaction:
            rows = await transaction.fetch("SELECT * FROM events.count_set_aside()")
        return {(row["consumer_group"], row["topic"]): row["events"] for row in rows}

    def heard(self, topic: str) -> int:
        """A number that grows with each piece of news; take it before reading, give it to `wait_for_news`."""
        return self._news.heard(topic)

    async def wait_for_news(self, topic: str, seen: int, timeout_seconds: float) -> None:
        """Return when there was news of a topic since `seen`, or after the time-out."""
        await self._news.wait(topic, seen, timeout_seconds)

    async def listen(self) -> None:
        """Hear of other processes' appends until cancelled; polling covers the time of a lost connection."""
        while True:
            try:
                await self._listen_until_lost()
            except MarketplaceError:
                await asyncio.sleep(1)

    async def _listen_until_lost(self) -> None:
        lost = asyncio.Event()
        async with self.database.listener() as connection:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, self._on_notice)
            self._news.tell_all()
            await lost.wait()

    def _on_notice(self, *notice: object) -> None:
        topics = str(notice[-1]).split()
        if topics:
            self._news.tell(topics)
        else:
            # As processes of a version before this one say it.
            self._news.tell_all()

    def _wake(self, topics: set[str]) -> None:
        self._owed |= topics
        self._news.tell(topics)
        if self._waking is None or self._waking.done():
            self._waking = asyncio.get_running_loop().create_task(self._notify())

    async def _notify(self) -> None:
        # One notice for all commits of a moment: inside each transaction it would serialise their commits.
        while self._owed:
            await asyncio.sleep(0.005)
            topics, self._owed = self._owed, set()
            try:
                await self.database.run("SELECT pg_notify($1, $2)", CHANNEL, " ".join(sorted(topics)))
            except MarketplaceError as error:
                _log.info("no notice sent, readers will poll: %s", error.code)

    async def log_id(self) -> str:
        """Which log this is; a restored one is another."""
        async with self.database.transaction() as transaction:
            return await transaction.fetch_value("SELECT events.log_id()")

    async def sequence(self) -> None:
        """Give what was committed since the last time its positions."""
        await self.database.run("SELECT events.sequence_arrivals($1)", SEQUENCE_BATCH)

    async def _read(self, transaction: Transaction, topic: str, after: int, at_most: int) -> list[RecordedEvent]:
        rows = await transaction.fetch("SELECT * FROM events.read($1, $2, $3)", topic, after, at_most)
        return [_event_of(topic, row) for row in rows]

    async def _lock_cursor(self, transaction: Transaction, consumer: Consumer) -> int:
        """The position after which the group reads on, its own until the transaction ends."""
        return await transaction.fetch_value("SELECT events.lock_cursor($1, $2)", consumer.group, consumer.topic)

    async def _take_batch(self, transaction: Transaction, consumer: Consumer) -> tuple[int, EventFailed | None]:
        start = await self._lock_cursor(transaction, consumer)
        reached, taken, failed = start, 0, None
        events = await self.untaken(transaction, consumer, start)
        aside = await keys_set_aside(transaction, consumer) if events else set[str]()
        for event in events:
            failed = await self.taking.take(transaction, consumer, event, aside)
            if failed is not None:
                break
            reached = event.position
            taken += 1
        if reached > start:
            await transaction.execute("SELECT events.move_cursor($1, $2, $3)", consumer.group, consumer.topic, reached)
        return taken, failed

    async def untaken(self, transaction: Transaction, consumer: Consumer, after: int) -> list[RecordedEvent]:
        """The next batch of what the group has not taken after a position, in order."""
        rows = await transaction.fetch(
            "SELECT * FROM events.read_untaken($1, $2, $3, $4)", consumer.group, consumer.topic, after, consumer.batch
        )
        return [_event_of(consumer.topic, row) for row in rows]


def _event_of(topic: str, row: Row) -> RecordedEvent:
    return RecordedEvent(
        id=row["event_id"],
        topic=topic,
        key=row["key"],
        type=row["type"],
        source=row["source"],
        time=row["happened_at"],
        data=row["data"],
        position=row["position"],
    )
