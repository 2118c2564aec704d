"""A Kafka cluster as its owner sees it: which one it is, and the topics that must be there."""

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from chassis.event_log.kafka_address import KafkaAddress
from chassis.event_log.kafka_errors import KafkaUnavailable, kafka_errors_translated, silence_the_client

REQUEST_MILLISECONDS = 10_000
# The log in PostgreSQL is the record; a copy that forgot would make a late reader wait for ever.
_FOR_EVER = {"retention.ms": "-1", "cleanup.policy": "delete"}
_BROKERS_CHOICE = -1


class KafkaCluster:
    """Open it with `open_cluster`."""

    def __init__(self, admin: Any) -> None:
        self._admin = admin

    async def id(self) -> str:
        """The cluster's own id: another cluster has another one."""
        with kafka_errors_translated("say which cluster it is"):
            return str((await self._admin.describe_cluster())["cluster_id"])

    async def partitions(self, topics: Collection[str]) -> dict[str, int]:
        """How many partitions each of the topics has; those that are not there, or not yet whole, are left out."""
        with kafka_errors_translated("describe its topics"):
            known = set(await self._admin.list_topics()) & set(topics)
            described: list[dict[str, Any]] = await self._admin.describe_topics(sorted(known)) if known else []
        return {row["topic"]: len(row["partitions"]) for row in described if not row["error_code"]}

    async def partitions_of_each(self, topics: Collection[str]) -> dict[str, int]:
        """The same, of topics that were made: a busy broker tells of one only a while after.

        Raises KafkaUnavailable while one is missing: what is left out here would never be sent to.
        """
        found = await self.partitions(topics)
        unheard = sorted(set(topics) - found.keys())
        if unheard:
            raise KafkaUnavailable(f"Kafka does not tell of its topic {unheard[0]} yet: it is asked again.")
        return found

    async def make_topics(self, topics: Collection[str], partitions: int, copies: int) -> None:
        """Make those that are not there. `copies` is the replication factor; -1 leaves it to the broker."""
        missing = sorted(set(topics) - set(await self.partitions(topics)))
        if not missing:
            return
        # The client takes a factor that is left to the broker only with (no) assignments.
        placed: dict[int, list[int]] | None = {} if copies == _BROKERS_CHOICE else None
        wanted = [NewTopic(topic, partitions, copies, placed, _FOR_EVER) for topic in missing]
        with kafka_errors_translated("make its topics"):
            answer: Any = await self._admin.create_topics(wanted, timeout_ms=REQUEST_MILLISECONDS)
            for _, code, *_ in answer.topic_errors:
                if code not in {0, TopicAlreadyExistsError.errno}:
                    raise for_code(code)


@asynccontextmanager
async def open_cluster(address: KafkaAddress) -> AsyncGenerator[KafkaCluster]:
    """Connected when it is given. Raises KafkaUnavailable."""
    silence_the_client()
    # The client is half typed.
    admin: Any = AIOKafkaAdminClient(**address.options(), request_timeout_ms=REQUEST_MILLISECONDS)
    try:
        with kafka_errors_translated("be reached"):
            await admin.start()
        yield KafkaCluster(admin)
    finally:
        await admin.close()
