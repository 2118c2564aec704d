"""The relay: one more consumer of the log on PostgreSQL, whose effect is a message in Kafka.

It moves its cursor when Kafka has acknowledged a batch. Killed in between, it sends the batch again: within a lane
positions then repeat, but never does a smaller one come for the first time after a greater one, and readers pass over
what they have taken. While Kafka is away events wait in PostgreSQL.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer

from chassis.event_log.kafka_address import KafkaAddress
from chassis.event_log.kafka_cluster import REQUEST_MILLISECONDS, open_cluster
from chassis.event_log.kafka_errors import kafka_errors_translated
from chassis.event_log.kafka_message import headers_of
from chassis.event_log.lanes import LANES, lane_of
from chassis.event_log.port import Consumer, RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog

BATCH = 500
# The batch's transaction is open meanwhile; PostgreSQL ends one that does nothing for 30 s.
SEND_SECONDS = 20.0


class KafkaRelay:
    """Open it with `open_relay`; `run_consumers` runs it, with one consumer for each topic."""

    def __init__(self, log: PostgresEventLog, log_id: str, producer: Any, partitions: Mapping[str, int]) -> None:
        self._log = log
        self._log_id = log_id
        self._producer = producer
        self._partitions = partitions

    async def consume_once(self, consumer: Consumer) -> int:
        """Relay one batch; how many events. Raises KafkaUnavailable, and then the cursor stays."""
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

    def heard(self, topic: str) -> int:
        """The log's news."""
        return self._log.heard(topic)

    async def wait_for_news(self, topic: str, seen: int, timeout_seconds: float) -> None:
        """Return when there was news of a topic since `seen`, or after the time-out."""
        await self._log.wait_for_news(topic, seen, timeout_seconds)

    async def _send(self, events: Sequence[RecordedEvent]) -> None:
        with kafka_errors_translated("take events"):
            async with asyncio.timeout(SEND_SECONDS):
                # Put in order, one after the other; acknowledged in any order.
                acknowledged = [await self._put(event) for event in events]
                await asyncio.gather(*acknowledged)

    async def _put(self, event: RecordedEvent) -> "asyncio.Future[object]":
        return await self._producer.send(
            event.topic,
            event.data,
            key=event.key.encode(),
            partition=lane_of(event.key) % self._partitions[event.topic],
            headers=headers_of(event, self._log_id),
        )


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
        **address.options(), enable_idempotence=True, acks="all", request_timeout_ms=REQUEST_MILLISECONDS
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
