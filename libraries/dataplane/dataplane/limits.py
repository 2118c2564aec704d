"""Rates of a key in this process: requests, tokens, concurrent calls. They may be lost without harm."""

from dataclasses import dataclass, field

from dataplane.records import KeyRecord, RateLimits

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
        self._fill(now)
        missing = min(amount, self.burst) - self.level
        if missing <= 0:
            return 0.0
        return missing / self.rate if self.rate > 0 else float("inf")

    def take(self, amount: float) -> None:
        """Take the amount; an amount beyond the burst leaves a debt."""
        self.level -= amount

    def give_back(self, amount: float) -> None:
        """Put back what was not used, never above the burst."""
        self.level = min(self.burst, self.level + amount)

    def _fill(self, now: int) -> None:
        elapsed = now - self.filled_at
        if elapsed > 0:
            self.level = min(self.burst, self.level + elapsed * self.rate / _MICROSECONDS)
        self.filled_at = now


@dataclass(slots=True)
class KeyRates:
    """The buckets and the calls in flight of one key, made for one set of limits."""

    limits: RateLimits
    requests: TokenBucket | None
    tokens: TokenBucket | None
    in_flight: int = 0


@dataclass(frozen=True, slots=True)
class RateShort:
    """Which rate a call would pass (`requests`, `tokens` or `concurrency`) and after how many seconds to try again."""

    rate: str
    retry_after: float


@dataclass(slots=True)
class RateBook:
    """The rates of every key that calls here. `share` is this process's part of a key's rate among its replicas."""

    share: float = 1.0
    keys: dict[str, KeyRates] = field(default_factory=dict[str, KeyRates])

    def short_of(self, record: KeyRecord, tokens: int, now: int) -> RateShort | None:
        """The first rate that this call would pass, or None. Takes nothing."""
        rates = self._rates(record, now)
        limit = rates.limits.max_concurrency
        if limit is not None and rates.in_flight >= limit:
            return RateShort("concurrency", 1.0)
        for name, bucket, amount in (("requests", rates.requests, 1), ("tokens", rates.tokens, tokens)):
            wait = 0.0 if bucket is None else bucket.wait_for(amount, now)
            if wait > 0:
                return RateShort(name, wait)
        return None

    def take(self, record: KeyRecord, tokens: int) -> None:
        """Count a call in; `short_of` was None at the same moment."""
        rates = self.keys[record.key_id]
        rates.in_flight += 1
        if rates.requests is not None:
            rates.requests.take(1)
        if rates.tokens is not None:
            rates.tokens.take(tokens)

    def finish(self, key_id: str, unused_tokens: int) -> None:
        """Count a call out and put back the tokens that it did not use."""
        rates = self.keys.get(key_id)
        if rates is None:
            return
        rates.in_flight = max(0, rates.in_flight - 1)
        if rates.tokens is not None:
            rates.tokens.give_back(unused_tokens)

    def requests_left(self, key_id: str) -> int | None:
        """Whole requests left in the key's bucket; None where the key has no such limit."""
        rates = self.keys.get(key_id)
        if rates is None or rates.requests is None:
            return None
        return max(0, int(rates.requests.level))

    def _rates(self, record: KeyRecord, now: int) -> KeyRates:
        rates = self.keys.get(record.key_id)
        if rates is not None and (rates.limits is record.limits or rates.limits == record.limits):
            return rates
        in_flight = 0 if rates is None else rates.in_flight
        fresh = KeyRates(record.limits, *_buckets(record.limits, self.share, now), in_flight)
        self.keys[record.key_id] = fresh
        return fresh


def _buckets(limits: RateLimits, share: float, now: int) -> tuple[TokenBucket | None, TokenBucket | None]:
    requests = tokens = None
    if limits.requests_per_second is not None:
        burst = max(1.0, limits.burst * share)
        requests = TokenBucket(limits.requests_per_second * share, burst, burst, now)
    if limits.tokens_per_minute is not None:
        burst = max(1.0, limits.tokens_per_minute * share)
        tokens = TokenBucket(burst / 60, burst, burst, now)
    return requests, tokens
