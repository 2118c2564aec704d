"""The decision about one call: key, limits, policy, then quota and budget. No I/O; the moment comes in as an argument.

Nothing is taken unless everything fits, so a decision may be asked again after a refill.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from chassis.errors import MarketplaceError
from dataplane.call_terms import CallTerms, terms_of
from dataplane.leases import LeaseBook, LeaseWish
from dataplane.limits import KeyRates, RateBook
from dataplane.policy import key_allows
from dataplane.policy_book import PolicyBook
from dataplane.policy_facts import Asked
from dataplane.price import Price
from dataplane.pricing import worst_cost_nanodollars
from dataplane.rate_refusals import rate_limited
from dataplane.rate_short import RateShort
from dataplane.records import KeyRecord, Route
from dataplane.refusals import KeyExpired, KeyInvalid, PriceUnknown
from dataplane.reservation import Reservation


# What is made for each call is not frozen, here and elsewhere: each field of a frozen one is set by a call of its own.
@dataclass(slots=True)
class CallRequest:
    """A call that asks to be let in, and its worst case in tokens."""

    terms: CallTerms
    prompt_bound: int
    completion_bound: int


@dataclass(slots=True)
class Admitted:
    """The call may go: these amounts were debited, at this price."""

    reservations: tuple[Reservation, ...]
    price: Price
    price_estimated: bool
    tokens: int
    rates: KeyRates
    policy_version: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """The call may not go, and why."""

    error: MarketplaceError


@dataclass(frozen=True, slots=True)
class NeedsLease:
    """The call may go once these scopes are refilled; nothing was taken."""

    wishes: tuple[LeaseWish, ...]


@dataclass(frozen=True, slots=True)
class NeedsRate:
    """This process holds too little of a rate, and the shared buckets may have more; nothing was taken."""

    short: RateShort
    tokens: int


Decision = Admitted | Refused | NeedsLease | NeedsRate


@dataclass(slots=True)
class AdmissionState:
    """All that admission of one process remembers between calls."""

    leases: LeaseBook = field(default_factory=LeaseBook)
    rates: RateBook = field(default_factory=RateBook)
    policy_book: PolicyBook = field(default_factory=PolicyBook)


def asking(key: KeyRecord, route: Route, prompt_bound: int, completion_bound: int) -> CallRequest:
    """A call of which nothing else is known."""
    return CallRequest(terms_of(key, route), prompt_bound, completion_bound)


def admit(state: AdmissionState, request: CallRequest, now: int) -> Decision:
    """Let a call in, refuse it, or say what it waits for."""
    terms = request.terms
    key, price = terms.key, terms.price
    tokens = request.prompt_bound + request.completion_bound
    error = key_refusal(key, now)
    if error is not None:
        return Refused(error)
    rates = state.rates.rates_of(key, now)
    short = state.rates.short_of(rates, tokens, now)
    if short is not None:
        return NeedsRate(short, tokens) if short.askable else too_fast(state, request, short, now)
    book = state.policy_book
    if not terms.allowed or not book.is_empty:
        error = _policy_refusal(book, terms, tokens, now)
        if error is not None:
            return Refused(error)
    cost = worst_cost_nanodollars(request.prompt_bound, request.completion_bound, price)
    if price is None or cost is None:
        return Refused(_price_unknown(terms.route))
    held = state.leases.take(key.scopes, tokens, cost, now)
    if held is None:
        return NeedsLease(state.leases.short_of(key.scopes, tokens, cost, now))
    state.rates.take(rates, tokens)
    return Admitted(held, price, terms.price_estimated, tokens, rates, book.version)


def admit_and_refill(state: AdmissionState, request: CallRequest, now: int, refill_low: Callable[[], None]) -> Decision:
    """The same, and have refilled ahead what that left low."""
    decision = admit(state, request, now)
    if state.leases.low:
        refill_low()
    return decision


def too_fast(state: AdmissionState, request: CallRequest, short: RateShort, now: int) -> Refused:
    """The refusal of a call that would pass a rate."""
    return Refused(rate_limited(short, state.rates.rates_of(request.terms.key, now), now))


def key_refusal(key: KeyRecord, now: int) -> MarketplaceError | None:
    """Why a known key does not open the door any more, or None."""
    if key.state != "active":
        return KeyInvalid("This API key is not valid. Create a key in your team and send it as a bearer token.")
    if key.expires_at is not None and now >= key.expires_at:
        return KeyExpired("This API key has expired. Create a new one or rotate it.")
    return None


def _policy_refusal(book: PolicyBook, terms: CallTerms, tokens: int, now: int) -> MarketplaceError | None:
    if not terms.allowed:
        return key_allows(terms.key, terms.route)
    return book.refusal(terms.key, terms.route, Asked(tokens, now, terms.operation, terms.streamed))


def _price_unknown(route: Route) -> MarketplaceError:
    return PriceUnknown(
        f"The price of '{route.full_name}' is unknown, and policy does not allow an estimate. "
        "Ask its publisher to state a price."
    )
