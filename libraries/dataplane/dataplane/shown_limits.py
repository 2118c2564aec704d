"""What replies say of a key's limits, as far as it stays while the limits do: made once, filled in by each reply."""

import math
from dataclasses import dataclass, replace

from dataplane.records import RateLimits

# How an amount stands: what fills its header lines, and what fills its item of `ratelimit`.
Stand = tuple[tuple[()], tuple[()]] | tuple[tuple[int, bytes], tuple[int, int]]

# The short times, which are most of them; looking one up takes a fifth of writing it.
_MILLISECONDS = [b"0s", *(b"%dms" % number for number in range(1, 1001))]
_SECONDS = [b"%ds" % number for number in range(60)]


@dataclass(frozen=True, slots=True)
class ShownAmount:
    """A limit of requests or of tokens: `quota` at most, of which `rate` come back in so many `seconds`.

    `whole` is how it stands with `full` left, as it mostly does where callers keep well below their limits.
    """

    quota: float
    rate: float
    seconds: int
    full: float
    whole: Stand = ((), ())

    def stand(self, left: float | None) -> Stand:
        """How it stands with so much left; None is shown as `whole`."""
        if left is None or left >= self.full:
            return self.whole
        wait = (self.quota - left) * self.seconds / self.rate
        number = int(left) if left > 0 else 0
        return (number, _reset(wait)), (number, int(wait + 0.999))


# What is left of no limit is None, and shown by nothing.
_NO_LIMIT = ShownAmount(0.0, 1.0, 1, 0.0)


@dataclass(frozen=True, slots=True)
class ShownLimits:
    """All limits of a key. `template` takes the lines and then the items: of requests, tokens, calls at once."""

    template: bytes
    requests: ShownAmount
    tokens: ShownAmount
    concurrency: bool


def shown_limits(limits: RateLimits) -> ShownLimits | None:
    """How replies under these limits show them; None where there are none."""
    highs, lefts, policies, items = b"", b"", list[bytes](), list[bytes]()
    requests = tokens = _NO_LIMIT
    if limits.requests_per_second is not None:
        requests = _amount(limits.burst, limits.requests_per_second, 1)
        highs += b"x-ratelimit-limit-requests: %d\r\n" % limits.burst
        lefts += b"x-ratelimit-remaining-requests: %d\r\nx-ratelimit-reset-requests: %b\r\n"
        window = max(1, math.ceil(limits.burst / requests.rate))
        policies.append(b'"requests";q=%d;w=%d;qu="requests"' % (limits.burst, window))
        items.append(b'"requests";r=%d;t=%d')
    if limits.tokens_per_minute is not None:
        tokens = _amount(limits.tokens_per_minute, limits.tokens_per_minute, 60)
        highs += b"x-ratelimit-limit-tokens: %d\r\n" % limits.tokens_per_minute
        lefts += b"x-ratelimit-remaining-tokens: %d\r\nx-ratelimit-reset-tokens: %b\r\n"
        policies.append(b'"tokens";q=%d;w=60;qu="tokens"' % limits.tokens_per_minute)
        items.append(b'"tokens";r=%d;t=%d')
    if limits.max_concurrency is not None:
        policies.append(b'"concurrency";q=%d;qu="concurrent-requests"' % limits.max_concurrency)
        items.append(b'"concurrency";r=%d')
    if not items:
        return None
    template = b"%bratelimit-policy: %b\r\n%bratelimit: %b\r\n"
    template %= highs, b", ".join(policies), lefts, b", ".join(items)
    return ShownLimits(template, requests, tokens, limits.max_concurrency is not None)


def _amount(quota: float, rate: float, seconds: int) -> ShownAmount:
    # Nothing that never comes back is waited for.
    amount = ShownAmount(quota, rate or math.inf, seconds, math.inf)
    full = max(1.0, quota)
    return replace(amount, full=full, whole=amount.stand(full))


def _reset(seconds: float) -> bytes:
    if seconds <= 1:
        return _MILLISECONDS[int(seconds * 1000 + 0.999)] if seconds > 0 else b"0s"
    whole = math.ceil(seconds)
    return _SECONDS[whole] if whole < 60 else b"%dm%ds" % divmod(whole, 60)
