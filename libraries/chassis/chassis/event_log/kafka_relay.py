"""The relay: one more consumer of the log on PostgreSQL, whose effect is a message in Kafka.

It moves its cursor when Kafka has acknowledged a batch. Killed in between, it sends the batch again: within a lane
positions then repeat, but never does a smaller one come for the first time after a greater one, and readers pass over
what they have taken. So a partition is sent nothing before Kafka has acknowledged what came before, and a producer that
failed to send is used no more: it has spent the sequence numbers of what it gave up, so that Kafka may refuse all that
follows. While Kafka is away events wait in PostgreSQL.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Awaitable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer

from chassis.event_log.kafka_address import KafkaAddress
from chassis.event_log.kafka_cluster import REQUEST_MILLISECONDS, open_cluster
from chassis.event_log.kafka_errors import KafkaUnavailable, kafka_errors_translated
from chassis.event_log.kafka_message import headers_of
from chassis.event_log.lanes import LANES, lane_of
from chassis.event_log.port import Consumer, RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog

BATCH = 500
# What is sent at once and acknowledged before the next: nearly always all that a partition gets of a batch. A broker
# takes 1 MiB.
CHUNK_BYTES = 512 * 1024
# The batch's transaction is open meanwhile; PostgreSQL ends one that does nothing for 30 s.
SEND_SECONDS = 20.0


class ProducerSpent(Exception):
    """Something could not be sent: this producer sends nothing in order any more, a new one must be opened."""


class KafkaRelay:
    """Open it with `open_relay`; `run_consumers` runs it, with one consumer for each topic."""

    def __init__(self, log: PostgresEventLog, log_id: str, producer: Any, partitions: Mapping[str, int]) -> None:
        self._log = log
        self._log_id = log_id
        self._producer = producer
        self._partitions = partitions

    async def consume_once(self, consumer: Consumer) -> int:
        """Relay one batch; how many events. Raises ProducerSpent, and then the cursor stays."""
        database = self._log.database
        await self._log.sequence()
        async with database.transaction() as transaction:
            start: int = await transaction.fetch_value(
                "SELECT events.lock_cursor($1, $2)", consumer.group, consumer.topic
            )
            events = await self._log.untaken(transaction, consumer, start)
            if events:
                await self._send(events)
                place = (consumer.group, consumer.topic, events[-1].position)
                await transaction.execute("SELECT events.move_cursor($1, $2, $3)", *place)
        return len(events)

    async def replay(self, consumer: Consumer) -> int:  # noqa: ARG002 - what takes events has it
        """Nothing: it sets no event aside."""
        return 0

    def heard(self, topic: str) -> int:
        """The log's news."""
        return self._log.heard(topic)

    async def wait_for_news(self, topic: str, seen: int, timeout_seconds: float) -> None:
        """Return when there was news of a topic since `seen`, or after the time-out."""
        await self._log.wait_for_news(topic, seen, timeout_seconds)

    async def _send(self, events: Sequence[RecordedEvent]) -> None:
        by_partition: dict[int, list[RecordedEvent]] = defaultdict(list)
        for event in events:
            by_partition[lane_of(event.key) % self._partitions[event.topic]].append(event)
        sends = [self._send_in_order(*its) for its in by_partition.items()]
        try:
            with kafka_errors_translated("take events"):
                await asyncio.wait_for(_all_of(sends), SEND_SECONDS)
        except KafkaUnavailable as error:
            raise ProducerSpent(error.message) from error

    async def _send_in_order(self, partition: int, events: Iterable[RecordedEvent]) -> None:
        left = deque(events)
        while left:
            chunk = self._producer.create_batch()
            topic = left[0].topic
            while left and self._has_room(chunk, left[0]):
                left.popleft()
            await (await self._producer.send_batch(chunk, topic, partition=partition))

    def _has_room(self, chunk: Any, event: RecordedEvent) -> bool:
        """Put the event into the chunk; an empty one takes any."""
        headers = headers_of(event, self._log_id)
        return chunk.append(timestamp=None, key=event.key.encode(), value=event.data, headers=headers) is not None


async def _all_of(sends: Iterable[Awaitable[None]]) -> None:
    """Wait for each, also where another has failed: none goes on behind the back of who waits."""
    for failure in filter(None, await asyncio.gather(*sends, return_exceptions=True)):
        raise failure


@dataclass(frozen=True)
class TopicShape:
    """How a topic that is not there is made. `copies` is the replication factor; -1 leaves it to the broker."""

    partitions: int = LANES
    copies: int = -1


@asynccontextmanager
async def open_relay(
    log: PostgresEventLog, address: KafkaAddress, topics: Sequence[str], shape: TopicShape
) -> AsyncGenerator[tuple[KafkaRelay, list[Consumer]]]:
    """The relay, and a consumer for each topic. Makes the topics that are not there. Raises KafkaUnavailable."""
    async with open_cluster(address) as cluster:
        name = await cluster.id()
        await cluster.make_topics(topics, shape.partitions, shape.copies)
        found = await cluster.partitions_of_each(topics)
    # The client is half typed.
    producer: Any = AIOKafkaProducer(
        **address.options(),
        enable_idempotence=True,
        acks="all",
        request_timeout_ms=REQUEST_MILLISECONDS,
        max_batch_size=CHUNK_BYTES,
    )
    try:
        with kafka_errors_translated("be reached"):
            await producer.start()
        log_id = await log.log_id()
        # A cursor for each cluster and log: a new one gets everything from the beginning.
        consumers = [Consumer(f"relay.{name}.{log_id}", topic, {}, batch=BATCH) for topic in topics]
        yield KafkaRelay(log, log_id, producer, await _settled(log, name, found)), consumers
    finally:
        await producer.stop()


async def _settled(log: PostgresEventLog, cluster: str, found: Mapping[str, int]) -> dict[str, int]:
    """The partitions that hold for each topic, whatever became of it since."""
    async with log.database.transaction() as transaction:
        return {
            topic: await transaction.fetch_value(
                "SELECT events.settle_partitions($1, $2, $3)", topic, cluster, partitions
            )
            for topic, partitions in found.items()
        }
