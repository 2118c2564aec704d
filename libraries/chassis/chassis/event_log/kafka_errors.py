"""The one seam where errors of the Kafka client become ours, and its chatter is silenced."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

from aiokafka.errors import KafkaError

from chassis.errors import Unavailable


class KafkaUnavailable(Unavailable):
    """Kafka does not answer in time; events wait in PostgreSQL and nothing is lost."""

    code = "kafka_unavailable"


@contextmanager
def kafka_errors_translated(deed: str) -> Generator[None]:
    """Raise KafkaUnavailable for whatever the client raises."""
    try:
        yield
    except (TimeoutError, KafkaError, OSError) as error:
        raise KafkaUnavailable(f"Kafka could not {deed} ({type(error).__name__}): it is tried again.") from error


def silence_the_client() -> None:
    """The client logs each of its tries; whoever waits for it says once that it is away."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
