"""What a tier is: the most that a key of it may ask for."""

from dataclasses import dataclass

# 10 to 1,000 requests a second: spec of consumption, section 1.
SLOWEST, FASTEST = 10, 1000
MOST_BURST = 10_000
STANDARD = "standard"
# The database lock of all tiers. Writers of keys share it: a key's quota follows from its tier, and the two must not
# pass each other.
LOCK_NAME = "consumption/tiers"
NAME_PATTERN = "^[a-z][a-z0-9-]{0,39}$"


@dataclass(frozen=True)
class Tier:
    """Bounds of every key of a tier, each key for itself; None means no such bound."""

    name: str
    requests_per_second: float
    burst: float
    tokens_per_minute: int | None = None
    max_concurrency: int | None = None
    monthly_tokens: int | None = None


def least(own: int | None, most: int | None) -> int | None:
    """The lesser of two bounds, of which None is none."""
    return min((one for one in (own, most) if one is not None), default=None)
