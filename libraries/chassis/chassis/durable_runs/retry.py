"""How often a step is tried and how long it waits in between."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Retry:
    """Exponential back-off; the defaults outlast a database that restarts (about 30 s in eight attempts)."""

    attempts: int = 8
    first_delay: timedelta = timedelta(milliseconds=250)
    factor: float = 2.0
    longest_delay: timedelta = timedelta(seconds=15)

    def delays(self) -> Iterator[timedelta]:
        """The pauses between the attempts: one fewer than attempts."""
        delay = self.first_delay
        for _ in range(self.attempts - 1):
            yield min(delay, self.longest_delay)
            delay = min(delay * self.factor, self.longest_delay)


DEFAULT_RETRY = Retry()
ONCE = Retry(attempts=1)
