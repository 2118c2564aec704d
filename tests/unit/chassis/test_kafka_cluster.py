"""Topics as a cluster tells of them: one that was just made is not there at once."""

from typing import Any

import pytest

from chassis.event_log.kafka_cluster import KafkaCluster
from chassis.event_log.kafka_errors import KafkaUnavailable


class _Admin:
    """Tells of topics with an error code and so many partitions."""

    def __init__(self, **topics: tuple[int, int]) -> None:
        self.topics = topics

    async def list_topics(self) -> list[str]:
        return list(self.topics)

    async def describe_topics(self, topics: list[str]) -> list[dict[str, Any]]:
        return [
            {"topic": name, "error_code": code, "partitions": [{}] * count}
            for name, (code, count) in self.topics.items()
            if name in topics
        ]


async def test_the_partitions_of_topics_that_are_there_are_told() -> None:
    cluster = KafkaCluster(_Admin(keys=(0, 6), usage=(0, 3), others=(0, 1)))
    assert await cluster.partitions(["keys", "missing"]) == {"keys": 6}
    assert await cluster.partitions_of_each(["keys", "usage"]) == {"keys": 6, "usage": 3}


@pytest.mark.parametrize("usage", [None, (5, 0)], ids=["not told of", "without a leader"])
async def test_a_topic_that_was_just_made_is_waited_for_and_never_taken_for_one_without_partitions(
    usage: tuple[int, int] | None,
) -> None:
    told = {"keys": (0, 6)} | ({} if usage is None else {"usage": usage})
    cluster = KafkaCluster(_Admin(**told))
    assert await cluster.partitions(["keys", "usage"]) == {"keys": 6}
    with pytest.raises(KafkaUnavailable, match="topic usage yet"):
        await cluster.partitions_of_each(["keys", "usage"])
