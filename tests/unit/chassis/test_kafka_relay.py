"""The relay: what a partition lacks for a while leaves no gap in it, and a producer that failed is not used again."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from aiokafka.errors import LeaderNotAvailableError
from aiokafka.producer.message_accumulator import BatchBuilder, MessageAccumulator
from aiokafka.producer.transaction_manager import TransactionManager
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from chassis.event_log import relaying as relaying_module
from chassis.event_log.kafka_address import KafkaAddress
from chassis.event_log.kafka_relay import KafkaRelay, ProducerSpent, TopicShape
from chassis.event_log.port import Consumer, RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.event_log.relaying import Relaying

TOPIC = "topic"
CONSUMER = Consumer("relay.tests", TOPIC, {})
CHUNK_BYTES = 4096
PATIENCE_SECONDS = 0.2


def _events(count: int) -> list[RecordedEvent]:
    at = datetime(2026, 11, 30, tzinfo=UTC)
    return [RecordedEvent(f"evt_{n}", TOPIC, "key", "H", "tests", at, b"x" * 200, n) for n in range(1, count + 1)]


class Log:
    """A log whose cursor moves with the transaction; it is its own database and transaction."""

    def __init__(self, events: Sequence[RecordedEvent]) -> None:
        self.events = events
        self.cursor = 0
        self.database = self
        self.done = asyncio.Event()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator["Log"]:
        yield self

    async def sequence(self) -> None:
        return None

    async def fetch_value(self, *_: object) -> int:
        return self.cursor

    async def untaken(self, _: object, __: Consumer, after: int) -> Sequence[RecordedEvent]:
        return [event for event in self.events if event.position > after]

    async def execute(self, _: str, *place: Any) -> None:
        self.cursor = place[-1]
        self.done.set()

    def heard(self, _: str) -> int:
        return 0

    async def wait_for_news(self, *_: object) -> None:
        await self.done.wait()
        await asyncio.sleep(60)


class Cluster:
    """One partition, first without a leader; `arrived` are the positions in it."""

    def __init__(self, away_seconds: float = 0.0) -> None:
        self.leader_from = asyncio.get_running_loop().time() + away_seconds
        self.arrived: list[int] = []

    def leader_for_partition(self, _: TopicPartition) -> int:
        return 1 if asyncio.get_running_loop().time() >= self.leader_from else -1

    def first_arrivals(self) -> list[int]:
        """What a reader takes, that passes over what is not beyond its lane."""
        taken = [0]
        for position in self.arrived:
            if position > taken[-1]:
                taken.append(position)
        return taken[1:]


class Producer:
    """The client's own half that gathers and gives up, over a cluster that takes at once what it has a leader for."""

    def __init__(self, cluster: Cluster) -> None:
        numbers: Any = TransactionManager(None, 60_000)
        numbers.set_pid_and_epoch(7, 0)
        self._cluster = cluster
        self._gathered = MessageAccumulator(cluster, CHUNK_BYTES, 0, PATIENCE_SECONDS, txn_manager=numbers)

    def create_batch(self) -> BatchBuilder:
        return self._gathered.create_builder()

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> "asyncio.Future[object]":
        return await self._gathered.add_batch(batch, TopicPartition(topic, partition), 10.0)

    async def deliver(self) -> None:
        while True:
            nodes, _ = self._gathered.drain_by_nodes(ignore_nodes=set())
            for batch in [batch for batches in nodes.values() for batch in batches.values()]:
                headers = [dict(record.headers) for record in _records(batch.get_data_buffer())]
                self._cluster.arrived += [int(said["ce_sequence"]) for said in headers]
                batch.done(0, -1)
            await asyncio.sleep(0.01)


def _records(data: Any) -> list[Any]:
    found: Any = MemoryRecords(bytes(data)).next_batch()
    return list(found)


def _relay(log: Log, producer: object) -> KafkaRelay:
    return KafkaRelay(cast("PostgresEventLog", log), "log", producer, {TOPIC: 1})


@asynccontextmanager
async def _producer(cluster: Cluster) -> AsyncGenerator[Producer]:
    producer = Producer(cluster)
    delivering = asyncio.create_task(producer.deliver())
    try:
        yield producer
    finally:
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)


async def test_no_later_event_comes_before_an_earlier_one_though_the_partition_had_no_leader() -> None:
    cluster, log = Cluster(away_seconds=1.5 * PATIENCE_SECONDS), Log(_events(60))
    spent = 0
    async with asyncio.timeout(10):
        while log.cursor < len(log.events):
            async with _producer(cluster) as producer:
                try:
                    await _relay(log, producer).consume_once(CONSUMER)
                except ProducerSpent:
                    spent += 1
    assert spent
    assert cluster.first_arrivals() == list(range(1, 61))


class FailingProducer:
    """Gives up whatever it is to send."""

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(CHUNK_BYTES, 0)

    async def send_batch(self, *_: object, **__: object) -> "asyncio.Future[object]":
        raise LeaderNotAvailableError


class Opening:
    """Opens relays over the producers of a list, one after the other; stands for `open_relay`."""

    def __init__(self, log: Log, producers: Sequence[Callable[[], Any]]) -> None:
        self._log = log
        self._producers = iter(producers)
        self.opened = 0

    @asynccontextmanager
    async def __call__(self, *_: object) -> AsyncIterator[tuple[KafkaRelay, list[Consumer]]]:
        async with next(self._producers)() as producer:
            self.opened += 1
            yield _relay(self._log, producer), [CONSUMER]


@asynccontextmanager
async def _failing() -> AsyncGenerator[FailingProducer]:
    yield FailingProducer()


async def test_a_failed_send_is_told_and_a_new_producer_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying_module, "PAUSE_SECONDS", 0.05)
    cluster, log = Cluster(), Log(_events(3))
    opening = Opening(log, [_failing, lambda: _producer(cluster)])
    monkeypatch.setattr(relaying_module, "open_relay", opening)
    relaying = Relaying(cast("PostgresEventLog", log), KafkaAddress("nowhere:1"), [TOPIC], TopicShape(1))
    running = asyncio.create_task(relaying.run())
    seen: set[str | None] = set()
    async with asyncio.timeout(5):
        while not log.done.is_set():
            seen.add(await relaying.outage())
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert any("LeaderNotAvailableError" in (told or "") for told in seen)
    assert opening.opened == 2
    assert await relaying.outage() is None
    assert cluster.first_arrivals() == [1, 2, 3]
