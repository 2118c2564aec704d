"""A bucket that refills with time: how a rate is kept where one process counts alone."""

from dataclasses import dataclass

_MICROSECONDS = 1_000_000


@dataclass(slots=True)
class TokenBucket:
    """A bucket of `burst` that refills at `rate` a second; a clock that steps back refills nothing."""

    rate: float
    burst: float
    level: float
    filled_at: int

    def wait_for(self, amount: float, now: int) -> float:
        """Seconds until the amount is there; 0 where it is. An amount beyond the burst waits for a full bucket."""
        missing = min(amount, self.burst) - self.left(now)
        if missing <= 0:
            return 0.0
        return missing / self.rate if self.rate > 0 else float("inf")

    def take(self, amount: float) -> None:
        """Take the amount; an amount beyond the burst leaves a debt."""
        self.level -= amount

    def give_back(self, amount: float) -> None:
        """Put back what was not used, never above the burst."""
        self.level = min(self.burst, self.level + amount)

    def left(self, now: int) -> float:
        """What is in it, with what the time since the last filling brought."""
        elapsed = now - self.filled_at
        if elapsed > 0:
            self.level = min(self.burst, self.level + elapsed * self.rate / _MICROSECONDS)
        self.filled_at = now
        return self.level
