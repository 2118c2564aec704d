"""The EventLog whose consumers read by way of Kafka. Appending, positions and cursors stay in PostgreSQL."""

import logging
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log.kafka_address import KafkaAddress
from chassis.event_log.kafka_cluster import open_cluster
from chassis.event_log.kafka_errors import KafkaUnavailable
from chassis.event_log.kafka_reader import Arrival, Arrivals, KafkaReader, Subscription
from chassis.event_log.lanes import lane_of
from chassis.event_log.port import Consumer, EventFailed
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.event_log.taking import keys_set_aside

# How long events that PostgreSQL holds are awaited from Kafka before the caller gets a turn.
ARRIVAL_SECONDS = 3.0
# A client that joined while its topic was being made may never hear of it: joining again helps that one too.
JOIN_AGAIN_SECONDS = 30.0
_log = logging.getLogger("event_log")


@dataclass
class _Batch:
    """How far each lane and each partition is, and the keys set aside, while the batch's transaction is open."""

    lanes: dict[int, int]
    aside: set[str]
    offsets: dict[int, int] = field(default_factory=dict[int, int])
    taken: int = 0
    failed: EventFailed | None = None


class KafkaEventLog(PostgresEventLog):
    """Open it with `open_kafka_log`."""

    def __init__(self, database: Database, address: KafkaAddress) -> None:
        super().__init__(database)
        self._address = address
        self._cluster: str | None = None
        self._topics: set[str] = set()
        self._readers: dict[tuple[str, str], KafkaReader] = {}
        self._awaited: dict[tuple[str, str], int] = {}
        # When the group was left last for this.
        self._outages: dict[tuple[str, str], float] = {}

    async def consume_once(self, consumer: Consumer) -> int:
        """Take what has arrived; 0 when the group has taken everything or nothing arrives in time.

        Raises KafkaUnavailable, EventFailed. Effects, lanes and offsets are one transaction.
        """
        reader = await self._reader(consumer)
        while arrivals := await self._next(reader, consumer):
            batch = await self._take_arrivals(reader, consumer, arrivals)
            if batch.failed is not None:
                raise batch.failed
            # A batch of repeats alone says nothing of what comes behind it.
            if batch.taken:
                return batch.taken
        return 0

    async def _next(self, reader: KafkaReader, consumer: Consumer) -> Arrivals:
        arrived = await reader.fetch(consumer.batch, 0)
        awaited = None if arrived else await self._first_untaken(consumer)
        if awaited is not None:
            arrived = await reader.fetch(consumer.batch, ARRIVAL_SECONDS)
        if self._stuck(consumer, None if arrived else awaited):
            await self._readers.pop((consumer.group, consumer.topic)).stop()
        return arrived

    async def close(self) -> None:
        """Leave all groups."""
        while self._readers:
            _, reader = self._readers.popitem()
            await reader.stop()

    async def _reader(self, consumer: Consumer) -> KafkaReader:
        place = (consumer.group, consumer.topic)
        if place not in self._readers:
            # Also asks whether this service may read as this group at all.
            await self._offsets(consumer)
            subscription = Subscription(*place, await self.log_id(), lambda: self._offsets(consumer))
            reader = KafkaReader(self._address, subscription)
            await reader.start()
            self._readers[place] = reader
        return self._readers[place]

    async def _cluster_id(self, topic: str) -> str:
        if self._cluster is None or topic not in self._topics:
            async with open_cluster(self._address) as cluster:
                if not await cluster.partitions([topic]):
                    raise KafkaUnavailable(f"Kafka has no topic {topic} yet: the relay makes it.")
                self._cluster = await cluster.id()
            self._topics.add(topic)
        return self._cluster

    async def _offsets(self, consumer: Consumer) -> Mapping[int, int]:
        cluster = await self._cluster_id(consumer.topic)
        async with self.database.transaction() as transaction:
            rows = await transaction.fetch(
                "SELECT * FROM events.offsets($1, $2, $3)", consumer.group, consumer.topic, cluster
            )
        return {row["partition"]: row["next_offset"] for row in rows}

    async def _first_untaken(self, consumer: Consumer) -> int | None:
        await self.sequence()
        async with self.database.transaction() as transaction:
            return await transaction.fetch_value("SELECT events.first_untaken($1, $2)", consumer.group, consumer.topic)

    async def _take_arrivals(self, reader: KafkaReader, consumer: Consumer, arrivals: Arrivals) -> _Batch:
        first = {partition: found[0].offset for partition, found in arrivals.items()}
        try:
            async with self.database.transaction() as transaction:
                batch = await self._lock(transaction, consumer, arrivals)
                for partition, found in arrivals.items():
                    batch.offsets[partition] = await self._take_in_order(transaction, consumer, batch, found)
                await self._keep(transaction, consumer, batch)
        except BaseException:
            reader.read_again(first)
            raise
        last = {partition: found[-1].offset for partition, found in arrivals.items()}
        reader.read_again({at: offset for at, offset in batch.offsets.items() if offset <= last[at]})
        return batch

    async def _lock(self, transaction: Transaction, consumer: Consumer, arrivals: Arrivals) -> _Batch:
        events = [arrival.event for found in arrivals.values() for arrival in found if arrival.event is not None]
        # In one order, so that a member and one that was thought dead never wait in a circle.
        lanes = sorted({lane_of(event.key) for event in events})
        rows = await transaction.fetch(
            "SELECT * FROM events.lock_lanes($1, $2, $3)", consumer.group, consumer.topic, lanes
        )
        return _Batch({row["lane"]: row["position"] for row in rows}, await keys_set_aside(transaction, consumer))

    async def _take_in_order(
        self, transaction: Transaction, consumer: Consumer, batch: _Batch, arrivals: Sequence[Arrival]
    ) -> int:
        """The offset at which the partition is read on."""
        for arrival in arrivals:
            event = arrival.event
            if event is None or event.position <= batch.lanes[lane_of(event.key)]:
                continue
            failed = await self.taking.take(transaction, consumer, event, batch.aside)
            if failed is not None:
                batch.failed = failed
                return arrival.offset
            batch.lanes[lane_of(event.key)] = event.position
            batch.taken += 1
        return arrivals[-1].offset + 1

    async def _keep(self, transaction: Transaction, consumer: Consumer, batch: _Batch) -> None:
        place = (consumer.group, consumer.topic)
        await transaction.execute(
            "SELECT events.move_lanes($1, $2, $3, $4)", *place, list(batch.lanes), list(batch.lanes.values())
        )
        await transaction.execute(
            "SELECT events.keep_offsets($1, $2, $3, $4, $5)",
            *(*place, self._cluster, list(batch.offsets), list(batch.offsets.values())),
        )

    def _stuck(self, consumer: Consumer, awaited: int | None) -> bool:
        """Whether to join anew: the same event was awaited twice in vain. One line then, one when events come again."""
        place = (consumer.group, consumer.topic)
        before = self._awaited.pop(place, None)
        now = time.monotonic()
        if awaited is None:
            if self._outages.pop(place, None) is not None:
                _log.info("%s: events of %s come from Kafka again", *place)
            return False
        self._awaited[place] = awaited
        if before != awaited or now - self._outages.get(place, -JOIN_AGAIN_SECONDS) < JOIN_AGAIN_SECONDS:
            return False
        if place not in self._outages:
            _log.warning("%s: nothing comes from Kafka though events of %s wait", *place)
        self._outages[place] = now
        return True


@asynccontextmanager
async def open_kafka_log(database: Database, address: KafkaAddress) -> AsyncGenerator[KafkaEventLog]:
    """Connects when the first consumer asks; leaves its groups at the end."""
    log = KafkaEventLog(database, address)
    try:
        yield log
    finally:
        await log.close()
