"""A process of a campaign: consumes into a table until it is killed, or relays to Kafka until it is killed.

`python consumer_program.py consume|relay DATABASE_URL [BOOTSTRAP]`
"""

import asyncio
import logging
import sys

from pydantic import SecretStr

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log.consuming import run_consumers
from chassis.event_log.kafka_address import kafka_address
from chassis.event_log.kafka_relay import TopicShape
from chassis.event_log.opening import open_event_log
from chassis.event_log.port import Consumer, RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.event_log.relaying import Relaying

TOPIC = "marketplace.listing.v1"
GROUP = "discovery.campaign"
KIND = "test.Happened"


async def note(transaction: Transaction, event: RecordedEvent) -> None:
    """One row for each time that the event takes effect."""
    await transaction.execute(
        "INSERT INTO campaign (event_id, key, position) VALUES ($1, $2, $3)", event.id, event.key, event.position
    )


async def consume(url: str, events_url: str) -> None:
    """As a worker does."""
    async with (
        Database.open(SecretStr(url), name="campaign-consumer") as database,
        open_event_log(SecretStr(events_url), database) as log,
    ):
        consumer = Consumer(GROUP, TOPIC, {KIND: note})
        await asyncio.gather(log.listen(), run_consumers(log, [consumer]))


async def relay(url: str, events_url: str) -> None:
    """As the relay does."""
    async with Database.open(SecretStr(url), name="campaign-relay") as database:
        log = PostgresEventLog(database)
        relaying = Relaying(log, kafka_address(events_url), [TOPIC], TopicShape())
        await asyncio.gather(log.listen(), relaying.run())


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    deed = {"consume": consume, "relay": relay}[sys.argv[1]]
    asyncio.run(deed(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""))
