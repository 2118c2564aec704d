"""The one function that turns usage into money, for streamed and plain calls alike.

A cost is in nano-dollars, rounded half-up once, for the whole call. Unknown is None,
never 0.
"""

from dataplane.price import Price, UnknownPrice
from dataplane.usage import Usage

_MILLION = 1_000_000
_HALF = _MILLION // 2
# In a dollar.
NANODOLLARS = 1_000_000_000


def cost_nanodollars(usage: Usage, price: Price | None) -> int | None:
    """The cost of a call in nano-dollars, rounded half-up once; None where a part that was used has no known price."""
    if price is None:
        return None
    prompt, completion, each = usage.prompt_tokens, usage.completion_tokens, price.cached_prompt
    total = _HALF
    if each is not None:
        cached = usage.cached_prompt_tokens
        prompt -= cached
        total += cached * each
    if prompt:
        if price.prompt is None:
            return None
        total += prompt * price.prompt
    if completion:
        if price.completion is None:
            return None
        total += completion * price.completion
    return price.per_request + total // _MILLION


def worst_cost_nanodollars(prompt_bound: int, completion_bound: int, price: Price | None) -> int | None:
    """The most that a call within these bounds can cost; a cached token is held at the dearer of its two prices."""
    if price is None or price.prompt is None or price.completion is None:
        return cost_nanodollars(Usage(prompt_bound, completion_bound), price)
    dearest, cached = price.prompt, price.cached_prompt
    if cached is not None and cached > dearest:
        dearest = cached
    return price.per_request + (prompt_bound * dearest + completion_bound * price.completion + _HALF) // _MILLION


def price_in_force(price: Price | None, fallback: Price | None, unknown: UnknownPrice) -> tuple[Price | None, bool]:
    """The price a call is reserved and settled at, and whether it is an estimate; None means the call is refused."""
    if price is not None and price.is_known():
        return price, False
    if unknown is UnknownPrice.ESTIMATE and fallback is not None and fallback.is_known():
        return fallback, True
    return None, False


def dollars(nanodollars: int) -> str:
    """A decimal string of dollars, exact: 1_500_000 gives 0.001500000."""
    if nanodollars < 0:
        return "-" + dollars(-nanodollars)
    whole, rest = divmod(nanodollars, NANODOLLARS)
    return f"{whole}.{rest:09d}"
