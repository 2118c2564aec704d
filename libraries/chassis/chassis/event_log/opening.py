"""Opens the event log that a service is configured for: the one on PostgreSQL, or with consumers by way of Kafka."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from chassis.database.pool import Database
from chassis.event_log.kafka_address import kafka_address
from chassis.event_log.postgres_log import PostgresEventLog


@asynccontextmanager
async def open_event_log(events_url: SecretStr, database: Database) -> AsyncGenerator[PostgresEventLog]:
    """A worker's log; an empty URL means PostgreSQL alone. Raises KafkaUrlRefused."""
    url = events_url.get_secret_value()
    if not url:
        yield PostgresEventLog(database)
        return
    address = kafka_address(url)
    # house: allow local-import, because a process without Kafka must not pay for its client (20 MB)
    from chassis.event_log.kafka_log import open_kafka_log  # noqa: PLC0415

    async with open_kafka_log(database, address) as log:
        yield log
