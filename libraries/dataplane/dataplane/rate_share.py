"""The rates of a key as one process counts them alone: its part of them, while nobody can be asked for leases."""

from dataclasses import dataclass

from dataplane.rate_short import RateShort
from dataplane.records import RateLimits
from dataplane.token_bucket import TokenBucket


@dataclass(slots=True)
class RateShare:
    """Buckets of this process's part of a key's limits; `taken` is what went since it counts alone."""

    requests: TokenBucket | None
    tokens: TokenBucket | None
    slots: int | None
    taken_requests: int = 0
    taken_tokens: int = 0

    def short_of(self, tokens: int, in_flight: int, now: int) -> RateShort | None:
        """The first rate that a call would pass, or None. Takes nothing."""
        if self.slots is not None and in_flight >= self.slots:
            return RateShort("concurrency", 1.0)
        if self.requests is not None and (wait := self.requests.wait_for(1, now)) > 0:
            return RateShort("requests", wait)
        if self.tokens is not None and (wait := self.tokens.wait_for(tokens, now)) > 0:
            return RateShort("tokens", wait)
        return None

    def take(self, tokens: int) -> None:
        """Count a call in."""
        if self.requests is not None:
            self.requests.take(1)
            self.taken_requests += 1
        if self.tokens is not None:
            self.tokens.take(tokens)
            self.taken_tokens += tokens

    def give_back(self, tokens: int) -> None:
        """Put back tokens that a call did not use."""
        if self.tokens is not None:
            self.tokens.give_back(tokens)

    def put_back_request(self) -> None:
        """Put back one request that was taken."""
        if self.requests is not None:
            self.requests.give_back(1)
            self.taken_requests = max(0, self.taken_requests - 1)

    def owed(self) -> tuple[int, int]:
        """Requests and tokens that went and have not refilled since the last time this was asked: told once."""
        owed = _missing(self.requests, self.taken_requests), _missing(self.tokens, self.taken_tokens)
        self.taken_requests = self.taken_tokens = 0
        return owed


def share_of(limits: RateLimits, part: float, now: int) -> RateShare:
    """Full buckets of that part of the limits; at least one call may always go."""
    requests = tokens = slots = None
    if limits.requests_per_second is not None:
        burst = max(1.0, limits.burst * part)
        requests = TokenBucket(limits.requests_per_second * part, burst, burst, now)
    if limits.tokens_per_minute is not None:
        burst = max(1.0, limits.tokens_per_minute * part)
        tokens = TokenBucket(burst / 60, burst, burst, now)
    if limits.max_concurrency is not None:
        slots = min(limits.max_concurrency, max(1, int(limits.max_concurrency * part)))
    return RateShare(requests, tokens, slots)


def _missing(bucket: TokenBucket | None, taken: int) -> int:
    return 0 if bucket is None else max(0, min(taken, int(bucket.burst - bucket.level)))
