"""The decision about one call: key, limits, policy, then quota and budget. No I/O; the moment comes in as an argument.

Nothing is taken unless everything fits, so a decision may be asked again after a refill.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chassis.errors import MarketplaceError
from dataplane.leases import LeaseBook, LeaseWish, Reservation
from dataplane.limits import RateBook, RateShort
from dataplane.policy import Policy, key_allows
from dataplane.pricing import Price, price_in_force, worst_cost_nanodollars
from dataplane.records import KeyRecord, LimitedScope, Route
from dataplane.refusals import KeyExpired, KeyInvalid, PriceUnknown, RateLimited


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call that asks to be let in; the bounds are the worst case in tokens."""

    key: KeyRecord
    route: Route
    prompt_bound: int
    completion_bound: int


@dataclass(frozen=True, slots=True)
class Admitted:
    """The call may go: these amounts were debited, at this price."""

    reservations: tuple[Reservation, ...]
    price: Price
    price_estimated: bool
    tokens: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The call may not go, and why."""

    error: MarketplaceError


@dataclass(frozen=True, slots=True)
class NeedsLease:
    """The call may go once these scopes are refilled; nothing was taken."""

    wishes: tuple[LeaseWish, ...]


Decision = Admitted | Refused | NeedsLease


@dataclass(slots=True)
class AdmissionState:
    """All that admission of one process remembers between calls."""

    leases: LeaseBook = field(default_factory=LeaseBook)
    rates: RateBook = field(default_factory=RateBook)
    policies: Sequence[Policy] = (key_allows,)


def admit(state: AdmissionState, request: CallRequest, now: int) -> Decision:
    """Let a call in, refuse it, or name the leases that it waits for."""
    key, route = request.key, request.route
    tokens = request.prompt_bound + request.completion_bound
    error = key_refusal(key, now) or _rate_refusal(state, key, tokens, now) or _policy_refusal(state, request, now)
    if error is not None:
        return Refused(error)
    price, estimated = price_in_force(route.price, route.estimate_price, route.unknown_price)
    cost = worst_cost_nanodollars(request.prompt_bound, request.completion_bound, price)
    if price is None or cost is None:
        return Refused(_price_unknown(route))
    amounts = [Reservation(scope.scope_id, _amount(scope, tokens, cost), scope.unit) for scope in key.scopes]
    wishes = state.leases.short_of(amounts, now)
    if wishes:
        return NeedsLease(wishes)
    state.rates.take(key, tokens)
    return Admitted(state.leases.debit(amounts), price, estimated, tokens)


def key_refusal(key: KeyRecord, now: int) -> MarketplaceError | None:
    """Why a known key does not open the door any more, or None."""
    if key.state != "active":
        return KeyInvalid("This API key is not valid. Create a key in your team and send it as a bearer token.")
    if key.expires_at is not None and now >= key.expires_at:
        return KeyExpired("This API key has expired. Create a new one or rotate it.")
    return None


def _rate_refusal(state: AdmissionState, key: KeyRecord, tokens: int, now: int) -> MarketplaceError | None:
    short = state.rates.short_of(key, tokens, now)
    return None if short is None else _rate_limited(short)


def _rate_limited(short: RateShort) -> MarketplaceError:
    wait = min(short.retry_after, 120.0)
    said = {
        "requests": "Too many requests for this key",
        "tokens": "Too many tokens per minute for this key",
        "concurrency": "Too many calls of this key at the same time",
    }[short.rate]
    return RateLimited(f"{said}; try again in {wait:.3f} s.", retry_after=wait, limit=short.rate)


def _policy_refusal(state: AdmissionState, request: CallRequest, now: int) -> MarketplaceError | None:
    for policy in state.policies:
        error = policy(request.key, request.route, now)
        if error is not None:
            return error
    return None


def _price_unknown(route: Route) -> MarketplaceError:
    return PriceUnknown(
        f"The price of '{route.full_name}' is unknown, and policy does not allow an estimate. "
        "Ask its publisher to state a price."
    )


def _amount(scope: LimitedScope, tokens: int, nanodollars: int) -> int:
    return tokens if scope.unit == "tokens" else nanodollars
