"""Events by way of Kafka over many partitions: members that come and go, and the way there and back under load."""

import asyncio
import random
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from fixtures.discovery_machine import until
from fixtures.kafka_logs import kafka_log, relayed
from fixtures.marketplace_database import ProvisionedServer

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log import kafka_log as kafka_log_module
from chassis.event_log.consuming import run_consumers
from chassis.event_log.kafka_reader import KafkaReader
from chassis.event_log.lanes import LANES, lane_of
from chassis.event_log.port import Consumer, Event, RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.ids import new_id

TOPIC = "marketplace.listing.v1"
HAPPENED = "test.Happened"
KEYS = 40


@dataclass
class Road:
    """Where events are written and their effects read; `sent` in the order of their commits, by key."""

    server: ProvisionedServer
    database: Database
    group: str
    sent: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    async def write(self, count: int, pause: float = 0.0) -> None:
        """Events of random keys, in transactions of five."""
        log, draw = PostgresEventLog(self.database), random.Random(count)
        for _ in range(count // 5):
            now = datetime.now(UTC)
            batch = [
                Event(
                    new_id("evt", now), TOPIC, f"{self.group}.{draw.randrange(KEYS)}", HAPPENED, "publishing", now, b"x"
                )
                for _ in range(5)
            ]
            async with self.database.transaction() as transaction:
                await log.append(transaction, batch)
            for event in batch:
                self.sent[event.key].append(event.id)
            await asyncio.sleep(pause)

    async def effects(self) -> dict[str, list[str]]:
        """By key, in the order in which they took effect."""
        async with (
            Database.open(self.server.url("discovery_worker"), name="look") as database,
            database.transaction(read_only=True) as transaction,
        ):
            rows = await transaction.fetch(
                "SELECT key, event_id FROM seen WHERE key LIKE $1 || '.%' ORDER BY place", self.group
            )
        found: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            found[row["key"]].append(row["event_id"])
        return found

    async def taken(self) -> int:
        return sum(map(len, (await self.effects()).values()))

    async def until_taken(self, count: int) -> None:
        async def there() -> bool:
            return await self.taken() >= count

        await until(there, seconds=60)

    @asynccontextmanager
    async def member(self, bootstrap: str | None) -> AsyncIterator[None]:
        """A worker of the one group, on Kafka or on PostgreSQL, as long as the block lasts."""
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(
                Database.open(self.server.url("discovery_worker"), name="member")
            )
            log = PostgresEventLog(database)
            if bootstrap is not None:
                log = await stack.enter_async_context(kafka_log(database, bootstrap))
            consumer = Consumer(self.group, TOPIC, {HAPPENED: _see})
            tasks = [asyncio.create_task(log.listen()), asyncio.create_task(run_consumers(log, [consumer]))]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


async def _see(transaction: Transaction, event: RecordedEvent) -> None:
    # No key is unique here: a second effect would show.
    await transaction.execute("INSERT INTO seen (key, event_id) VALUES ($1, $2)", event.key, event.id)


@pytest.fixture
async def road(marketplace_database: ProvisionedServer) -> AsyncIterator[Road]:
    """A table of effects, and a group with keys of its own: the log keeps what other tests wrote."""
    async with (
        Database.open(marketplace_database.url("discovery_migrator"), name="owner") as owner,
        owner.transaction() as transaction,
    ):
        await transaction.execute("DROP TABLE IF EXISTS seen")
        await transaction.execute("CREATE TABLE seen (place bigserial PRIMARY KEY, key text, event_id text)")
        await transaction.execute("GRANT ALL ON seen, seen_place_seq TO discovery_worker")
    async with Database.open(marketplace_database.url("publishing_runtime"), name="writer") as database:
        yield Road(marketplace_database, database, f"discovery.lanes_{secrets.token_hex(4)}")


@pytest.mark.engines
async def test_members_come_and_go_and_every_event_is_taken_once_in_the_order_of_its_key(
    road: Road, kafka_bootstrap: str
) -> None:
    async with relayed(road.server, kafka_bootstrap, partitions=LANES), road.member(kafka_bootstrap):
        writing = asyncio.create_task(road.write(600, pause=0.02))
        await road.until_taken(100)
        async with road.member(kafka_bootstrap):
            await road.until_taken(200)
            async with road.member(kafka_bootstrap):
                await road.until_taken(350)
        await writing
        await road.until_taken(600)
    assert await road.effects() == road.sent


@pytest.mark.engines
async def test_the_way_leads_by_kafka_and_back_while_events_come(road: Road, kafka_bootstrap: str) -> None:
    writing = asyncio.create_task(road.write(900, pause=0.01))
    async with relayed(road.server, kafka_bootstrap, partitions=LANES):
        for way, mark in ((None, 150), (kafka_bootstrap, 400), (None, 600), (kafka_bootstrap, 750), (None, 900)):
            async with road.member(way):
                await road.until_taken(mark)
    await writing
    assert await road.effects() == road.sent


@pytest.mark.engines
async def test_a_client_that_is_stuck_joins_anew(
    road: Road, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_log_module, "ARRIVAL_SECONDS", 0.2)
    joined: list[KafkaReader] = []
    start = KafkaReader.start

    async def start_and_tell(reader: KafkaReader) -> None:
        joined.append(reader)
        await start(reader)

    monkeypatch.setattr(KafkaReader, "start", start_and_tell)
    async with relayed(road.server, kafka_bootstrap, partitions=LANES), road.member(kafka_bootstrap):
        await road.write(50)
        await road.until_taken(50)
        # The client goes on saying that it lives, and gives nothing any more.
        [stuck] = joined
        stuck._consumer.pause(*stuck._consumer.assignment())
        await road.write(50)
        await road.until_taken(100)
    assert len(joined) == 2
    assert await road.effects() == road.sent


async def test_the_lane_of_a_key_is_the_same_in_sql(marketplace_database: ProvisionedServer) -> None:
    keys = ["", "lst_1", "ключ", "💡", "a" * 300, *(new_id("lst", datetime.now(UTC)) for _ in range(200))]
    async with (
        Database.open(marketplace_database.url("events_migrator"), name="lanes") as database,
        database.transaction(read_only=True) as transaction,
    ):
        rows = await transaction.fetch("SELECT k, events.lane_of(k) AS lane FROM unnest($1::text[]) AS k", keys)
    assert {row["k"]: row["lane"] for row in rows} == {key: lane_of(key) for key in keys}
    assert {row["lane"] for row in rows} == set(range(LANES))
