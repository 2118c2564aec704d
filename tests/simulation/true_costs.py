"""What a call costs and uses, exactly: the law of prices written a second time, to compare with."""

from collections.abc import Iterator

from dataplane.call_records import CallFacts, Settled
from dataplane.price import Price
from dataplane.reservation import Reservation
from dataplane.usage import Usage


def true_cost(usage: Usage, price: Price) -> int:
    """Nano-dollars, rounded half-up once; every part of the price is known."""
    cached = 0 if price.cached_prompt is None else usage.cached_prompt_tokens
    plain = (usage.prompt_tokens - cached) * (price.prompt or 0)
    millionths = plain + cached * (price.cached_prompt or 0) + usage.completion_tokens * (price.completion or 0)
    whole, rest = divmod(millionths, 1_000_000)
    return price.per_request + whole + (1 if 2 * rest >= 1_000_000 else 0)


def true_charges(facts: CallFacts, settled: Settled | None) -> Iterator[tuple[Reservation, int]]:
    """What each scope is charged: what was used, or all that was reserved where nobody knows."""
    for held in facts.reservations:
        if settled is None:
            yield held, held.amount
        elif held.unit == "tokens":
            yield held, settled.usage.prompt_tokens + settled.usage.completion_tokens
        else:
            yield held, true_cost(settled.usage, facts.price)
