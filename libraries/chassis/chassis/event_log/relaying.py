"""Keeps a relay at work for as long as the process lives, whether Kafka is there or not."""

import asyncio
import logging
from collections.abc import Sequence

from chassis.errors import MarketplaceError
from chassis.event_log.consuming import run_consumers
from chassis.event_log.kafka_address import KafkaAddress
from chassis.event_log.kafka_relay import ProducerSpent, TopicShape, open_relay
from chassis.event_log.postgres_log import PostgresEventLog

PAUSE_SECONDS = 1.0
_log = logging.getLogger("event_log")


class Relaying:
    """`run` it as a task; `outage` is a check for readiness."""

    def __init__(self, log: PostgresEventLog, address: KafkaAddress, topics: Sequence[str], shape: TopicShape) -> None:
        self._log = log
        self._address = address
        self._topics = topics
        self._shape = shape
        self._missing: str | None = "not connected yet"

    async def run(self) -> None:
        """Open the relay and let it work, until cancelled; open it again when that failed, or a send."""
        while True:
            try:
                async with open_relay(self._log, self._address, self._topics, self._shape) as (relay, consumers):
                    self._missing = None
                    await run_consumers(relay, consumers)
            except (MarketplaceError, ProducerSpent) as error:
                reason = str(error)
                if self._missing != reason:
                    _log.warning("the relay waits: %s", reason)
                self._missing = reason
                await asyncio.sleep(PAUSE_SECONDS)

    async def outage(self) -> str | None:
        """What keeps events from going to Kafka, if anything does."""
        return self._missing
