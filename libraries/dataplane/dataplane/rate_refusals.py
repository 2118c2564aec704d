"""The refusal of a call that is too fast: which limit, how high it is, whose, and when to try again."""

from dataplane.limits import KeyRates
from dataplane.rate_headers import rate_lines
from dataplane.rate_short import RateShort
from dataplane.refusals import RateLimited
from wire.reply_head import header_lines

# OpenAI's clients wait at most so long.
_LONGEST_WAIT = 120.0
_SAID = {
    "requests": "Too many requests for this key",
    "tokens": "Too many tokens per minute for this key",
    "concurrency": "Too many calls of this key at the same time",
}
_UNITS = {"requests": "requests per second", "tokens": "tokens per minute", "concurrency": "calls at once"}


def rate_limited(short: RateShort, rates: KeyRates, now: int) -> RateLimited:
    """The error, with the limits as they stand."""
    wait = min(max(short.retry_after, 0.001), _LONGEST_WAIT)
    limits = rates.limits
    value = {
        "requests": limits.requests_per_second,
        "tokens": limits.tokens_per_minute,
        "concurrency": limits.max_concurrency,
    }[short.rate]
    said = f"{_SAID[short.rate]}: its limit is {value or 0:g} {_UNITS[short.rate]}; try again in {wait:.3f} s."
    which = [
        (b"x-marketplace-limit", short.rate.encode()),
        (b"x-marketplace-limit-value", f"{value or 0:g} {_UNITS[short.rate]}".encode()),
        (b"x-marketplace-limit-scope", b"key"),
    ]
    lines = rate_lines(rates, rates.left(now)) + header_lines(which)
    facts = {"limit": short.rate, "limit_value": value, "limit_unit": _UNITS[short.rate], "scope": "key"}
    return RateLimited(said, retry_after=wait, lines=lines, **facts)
