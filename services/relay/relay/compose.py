"""Wires the relay: the only module that sees every layer."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from chassis.database.pool import Database
from chassis.event_log.kafka_address import kafka_address
from chassis.event_log.kafka_relay import TopicShape
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.event_log.relaying import Relaying
from chassis.health import Readiness
from chassis.lifecycle import Unit
from relay.settings import RelaySettings

SERVICE = "relay"


@asynccontextmanager
async def worker(settings: RelaySettings | None = None) -> AsyncGenerator[Unit]:
    """The relay's unit. While Kafka is away it waits; the events wait in PostgreSQL. Raises KafkaUrlRefused."""
    knobs = settings or RelaySettings.read()
    address = kafka_address(knobs.events_url.get_secret_value())
    async with Database.open(knobs.worker_database_url, name=SERVICE) as database:
        log = PostgresEventLog(database)
        relaying = Relaying(log, address, knobs.topics, TopicShape(knobs.partitions, knobs.copies))
        yield Unit(
            name=SERVICE,
            tasks=[log.listen, relaying.run],
            readiness=Readiness(required={"database": _check(database)}, optional={"kafka": relaying.outage}),
        )


def _check(database: Database) -> Callable[[], Awaitable[str | None]]:
    async def check() -> str | None:
        await database.ping()
        return None

    return check
