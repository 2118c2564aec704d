"""One group's reader of one Kafka topic: a member of a consumer group that knows from PostgreSQL where to read on."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener

from chassis.errors import MarketplaceError
from chassis.event_log.kafka_address import KafkaAddress
from chassis.event_log.kafka_cluster import REQUEST_MILLISECONDS
from chassis.event_log.kafka_errors import kafka_errors_translated
from chassis.event_log.kafka_message import NotAnEvent, event_of
from chassis.event_log.port import RecordedEvent

Offsets = Callable[[], Awaitable[Mapping[int, int]]]
# A member that says nothing for so long is thought dead; its partitions go to the others.
SESSION_MILLISECONDS = 6_000
FETCH_WAIT_MILLISECONDS = 500
_log = logging.getLogger("event_log")


@dataclass(frozen=True)
class Arrival:
    """One message: its offset, and the event in it; None where it is a stranger's."""

    offset: int
    event: RecordedEvent | None


Arrivals = Mapping[int, Sequence[Arrival]]


@dataclass(frozen=True)
class Subscription:
    """What is read: one topic of one log in one cluster, by one group. `offsets` gives where PostgreSQL says it is."""

    group: str
    topic: str
    log_id: str
    offsets: Offsets


class KafkaReader:
    """Reads from the partitions that the group gives it. Offsets live in PostgreSQL, so nothing is committed here."""

    def __init__(self, address: KafkaAddress, subscription: Subscription) -> None:
        self._topic = subscription.topic
        self._log_id = subscription.log_id
        self._consumer: Any = AIOKafkaConsumer(
            **address.options(),
            # Two marketplaces on one cluster must not share the work.
            group_id=f"{subscription.group}@{subscription.log_id}",
            enable_auto_commit=False,
            # Where PostgreSQL knows no offset, or one that is gone: what was taken is passed over by its position.
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_MILLISECONDS,
            heartbeat_interval_ms=SESSION_MILLISECONDS // 3,
            request_timeout_ms=REQUEST_MILLISECONDS,
            fetch_max_wait_ms=FETCH_WAIT_MILLISECONDS,
            metadata_max_age_ms=30_000,
        )
        self._consumer.subscribe([self._topic], listener=_Seeker(self._consumer, subscription.offsets))

    async def start(self) -> None:
        """Join the group. Raises KafkaUnavailable."""
        try:
            with kafka_errors_translated("be reached"):
                await self._consumer.start()
        except BaseException:
            # Half in, it would go on saying that it lives, and keep the partitions that it was given.
            await self._consumer.stop()
            raise

    async def stop(self) -> None:
        """Leave the group."""
        await self._consumer.stop()

    async def fetch(self, at_most: int, wait_seconds: float) -> Arrivals:
        """What has arrived, by partition; waits for the first message no longer than `wait_seconds`."""
        milliseconds = round(wait_seconds * 1000)
        with kafka_errors_translated("give events"):
            found = await self._consumer.getmany(timeout_ms=milliseconds, max_records=at_most)
        return {place.partition: [self._arrival(message) for message in messages] for place, messages in found.items()}

    def read_again(self, next_offsets: Mapping[int, int]) -> None:
        """Read on at these offsets, in the partitions that are still ours."""
        assigned = self._consumer.assignment()
        for partition, offset in next_offsets.items():
            place = TopicPartition(self._topic, partition)
            if place in assigned:
                self._consumer.seek(place, offset)

    def _arrival(self, message: Any) -> Arrival:
        try:
            event = event_of(self._topic, self._log_id, message.headers, message.value or b"")
        except NotAnEvent as stranger:
            _log.info("passed over at %d/%d: %s", message.partition, message.offset, stranger.message)
            event = None
        return Arrival(message.offset, event)


# The client awaits what its own class declares as plain functions.
class _Seeker(ConsumerRebalanceListener):
    def __init__(self, consumer: Any, offsets: Offsets) -> None:
        self._consumer = consumer
        self._offsets = offsets

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Nothing: a batch under way holds its lanes until its end, and whoever comes next passes over it."""

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Go to where the group was."""
        try:
            known = await self._offsets()
        except MarketplaceError:
            # From the beginning, then: slower, and as right.
            return
        for place in assigned:
            if place.partition in known:
                self._consumer.seek(place, known[place.partition])
