"""How a key's limits stand, in the headers that clients read.

`RateLimit-Policy` and `RateLimit` as draft-ietf-httpapi-ratelimit-headers-11 has them: `q` and `r` in units of `qu`,
`w` and `t` in whole seconds. `x-ratelimit-...` as OpenAI names them: the limit is the burst, the reset says when it is
whole again (`120ms`, `4s`, `6m0s`). Every reply carries them, so what repeats is written beforehand.
"""

import math

from dataplane.limits import KeyRates

Left = tuple[float | None, float | None]

# The low numbers and short times, which are most of them; looking one up takes a fifth of writing it.
_MOST_WRITTEN = 2000
_NUMBERS = [b"%d" % number for number in range(_MOST_WRITTEN + 1)]
_MILLISECONDS = [b"0s", *(b"%dms" % number for number in range(1, 1001))]
_SECONDS = [b"%ds" % number for number in range(60)]


def rate_lines(rates: KeyRates, left: Left) -> bytes:
    """The headers of one key's limits, as lines; none where it has no limits. `left` is what `rates.left` says."""
    policy = rates.policy_lines
    if policy is None:
        policy = rates.policy_lines = _policy_lines(rates)
    if not policy:
        return b""
    limits, (requests, tokens) = rates.limits, left
    lines, stand = policy, b""
    if requests is not None:
        wait = (limits.burst - requests) / limits.requests_per_second if limits.requests_per_second else 0.0
        shown = _whole(requests)
        stand = b'"requests";r=%b;t=%d' % (shown, wait + 0.999)
        lines = _REQUESTS_LEFT % (lines, shown, _reset(wait))
    if tokens is not None:
        wait = (limits.tokens_per_minute - tokens) * 60 / limits.tokens_per_minute if limits.tokens_per_minute else 0.0
        shown = _whole(tokens)
        stand = b'%b%b"tokens";r=%b;t=%d' % (stand, b", " if stand else b"", shown, wait + 0.999)
        lines = _TOKENS_LEFT % (lines, shown, _reset(wait))
    if limits.max_concurrency is not None:
        stand = b'%b%b"concurrency";r=%d' % (stand, b", " if stand else b"", rates.slots_left())
    return b"%bratelimit: %b\r\n" % (lines, stand)


_REQUESTS_LEFT = b"%bx-ratelimit-remaining-requests: %b\r\nx-ratelimit-reset-requests: %b\r\n"
_TOKENS_LEFT = b"%bx-ratelimit-remaining-tokens: %b\r\nx-ratelimit-reset-tokens: %b\r\n"


def _policy_lines(rates: KeyRates) -> bytes:
    """What does not change while the limits stay; kept with the key."""
    limits = rates.limits
    items: list[bytes] = []
    lines = b""
    if limits.requests_per_second is not None:
        window = max(1, math.ceil(limits.burst / limits.requests_per_second))
        items.append(b'"requests";q=%d;w=%d;qu="requests"' % (limits.burst, window))
        lines += b"x-ratelimit-limit-requests: %d\r\n" % limits.burst
    if limits.tokens_per_minute is not None:
        items.append(b'"tokens";q=%d;w=60;qu="tokens"' % limits.tokens_per_minute)
        lines += b"x-ratelimit-limit-tokens: %d\r\n" % limits.tokens_per_minute
    if limits.max_concurrency is not None:
        items.append(b'"concurrency";q=%d;qu="concurrent-requests"' % limits.max_concurrency)
    return b"%bratelimit-policy: %b\r\n" % (lines, b", ".join(items)) if items else b""


def _whole(left: float) -> bytes:
    number = int(left) if left > 0 else 0
    return _NUMBERS[number] if number <= _MOST_WRITTEN else b"%d" % number


def _reset(seconds: float) -> bytes:
    if seconds <= 1:
        return _MILLISECONDS[int(seconds * 1000 + 0.999)] if seconds > 0 else b"0s"
    whole = math.ceil(seconds)
    return _SECONDS[whole] if whole < 60 else b"%dm%ds" % divmod(whole, 60)
