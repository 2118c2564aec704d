"""Leases are debited all or nothing and never grow with time; rates may be lost, and never pass their burst."""

import pytest
from fakes.call_door import START, a_key, a_route
from hypothesis import given
from hypothesis import strategies as st

from dataplane.admission import AdmissionState, Admitted, NeedsLease, Refused, admit, asking
from dataplane.leases import LeaseBook, LeaseGrant, lease_size
from dataplane.limits import RateBook
from dataplane.records import LimitedScope, RateLimits
from dataplane.reservation import Reservation
from dataplane.token_bucket import TokenBucket

SCOPE = LimitedScope("s", "key", "tokens", 10**6)


def _held(book: LeaseBook) -> dict[str, int]:
    return {scope: lease.available for scope, lease in book.leases.items()}


def test_a_call_debits_every_scope_or_none() -> None:
    state, request = AdmissionState(), asking(a_key(), a_route(), 100, 50)
    state.leases.grant([LeaseGrant("team-money", 10**9, 0), LeaseGrant("key-tokens", 149, 0)])
    decision = admit(state, request, START)
    assert isinstance(decision, NeedsLease)
    assert [(wish.scope_id, wish.needed) for wish in decision.wishes] == [("key-tokens", 1)]
    assert _held(state.leases) == {"team-money": 10**9, "key-tokens": 149}
    state.leases.grant([LeaseGrant("key-tokens", 1, 0)])
    admitted = admit(state, request, START)
    assert isinstance(admitted, Admitted)
    assert _held(state.leases) == {"team-money": 10**9 - 200_000, "key-tokens": 0}
    state.leases.credit(admitted.reservations)
    assert _held(state.leases) == {"team-money": 10**9, "key-tokens": 150}


def test_a_call_that_could_cost_more_than_amounts_can_say_asks_for_what_no_limit_has() -> None:
    state, request = AdmissionState(), asking(a_key(), a_route(), 100, 2**31 * 2**10 * 2**20)
    decision = admit(state, request, START)
    assert isinstance(decision, NeedsLease)
    assert {wish.wanted for wish in decision.wishes} == {2**62}
    assert all(wish.needed <= wish.wanted for wish in decision.wishes)


def test_a_refused_call_takes_nothing_and_key_comes_before_limits_before_policy_before_price() -> None:
    limits = RateLimits(requests_per_second=1, burst=1)
    state = AdmissionState()
    state.leases.grant([LeaseGrant("team-money", 10**9, 0), LeaseGrant("key-tokens", 10**6, 0)])
    good = a_key(limits=limits)
    unpriced = asking(a_key(limits=limits, permissions=frozenset()), a_route(price=None), 1, 1)
    codes: list[str] = []
    for request in (
        asking(a_key(limits=limits, state="revoked"), a_route(price=None), 1, 1),
        unpriced,
        asking(good, a_route(price=None), 1, 1),
        asking(good, a_route(), 1, 1),
        unpriced,
    ):
        decision = admit(state, request, START)
        codes.append(decision.error.code if isinstance(decision, Refused) else "admitted")
    assert codes == ["invalid_api_key", "permission_denied", "price_unknown", "admitted", "rate_limit_exceeded"]
    assert state.rates.keys["key_1"].in_flight == 1


def test_a_lease_ends_with_its_period_and_what_is_left_of_it_is_returned() -> None:
    book = LeaseBook()
    book.grant([LeaseGrant("s", 100, 0, period_ends_at=1000)])
    taken = book.take([SCOPE], 10, 0, 999)
    assert taken == (Reservation("s", 10, "tokens", 1000),)
    assert book.take([SCOPE], 10, 0, 1000) is None
    assert not book.short_of([SCOPE], 10, 0, 999)
    assert book.short_of([SCOPE], 10, 0, 1000)
    ended = book.grant([LeaseGrant("s", 50, 0, period_ends_at=2000)])
    assert ended == [Reservation("s", 90, period_ends_at=1000)]
    book.credit(taken)
    assert _held(book) == {"s": 50}


def test_time_alone_never_gives_a_lease_back() -> None:
    book = LeaseBook()
    book.grant([LeaseGrant("s", 10, 0)])
    assert book.take([SCOPE], 10, 0, START)
    assert book.short_of([SCOPE], 1, 0, 10**18)


def test_a_refill_is_wished_for_before_a_lease_runs_out_and_only_while_there_is_more() -> None:
    book = LeaseBook()
    book.grant([LeaseGrant("s", 100, 500)])
    assert book.take([SCOPE], 24, 0, START)
    assert book.take([SCOPE], 50, 0, START)
    assert not book.take_low()
    assert book.take([SCOPE], 2, 0, START)
    assert [wish.scope_id for wish in book.take_low()] == ["s"]
    book.leases["s"].remaining = 0
    assert book.take([SCOPE], 1, 0, START)
    assert not book.take_low()


def test_what_a_call_did_not_spend_goes_back_and_a_period_that_ended_gets_nothing() -> None:
    book = LeaseBook()
    book.grant([LeaseGrant("s", 100, 0, period_ends_at=1000)])
    held = book.take([SCOPE], 60, 0, 0)
    assert held is not None
    assert book.settle(held, [25]) == ([], (75, None))
    assert _held(book) == {"s": 75}
    assert not book.settle(held, [80])[0]
    assert _held(book) == {"s": 75}
    book.grant([LeaseGrant("s", 50, 0, period_ends_at=2000)])
    assert book.settle(held, [25])[0] == [Reservation("s", 35, "tokens", 1000)]
    assert _held(book) == {"s": 50}


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.integers(1, 10**9))
def test_grants_shrink_towards_the_limit_and_never_pass_it(remaining: int, needed: int, wanted: int) -> None:
    size = lease_size(remaining, needed, wanted)
    assert size <= remaining
    assert size == 0 if needed > remaining else size >= needed
    assert size <= max(needed, remaining // 8)


@given(st.lists(st.tuples(st.integers(-(10**6), 10**7), st.integers(1, 20)), max_size=50))
def test_a_bucket_never_lets_through_more_than_burst_and_rate(steps: list[tuple[int, int]]) -> None:
    bucket, now, taken, first = TokenBucket(10.0, 20.0, 20.0, 0), 0, 0.0, 0
    forward = 0
    for step, amount in steps:
        now += step
        forward += max(0, step)
        if bucket.wait_for(amount, now) == 0:
            bucket.take(amount)
            taken += amount
    assert taken <= 20.0 + 10.0 * (forward - first) / 1e6 + 1e-6


@pytest.mark.parametrize(
    ("limits", "tokens", "rate"),
    [
        (RateLimits(requests_per_second=1, burst=2), 1, "requests"),
        (RateLimits(tokens_per_minute=100), 50, "tokens"),
        (RateLimits(max_concurrency=2), 1, "concurrency"),
    ],
)
def test_the_third_call_at_once_is_too_many(limits: RateLimits, tokens: int, rate: str) -> None:
    book = RateBook()
    rates = book.rates_of(a_key(limits=limits), START)
    for _ in range(2):
        assert book.short_of(rates, tokens, START) is None
        book.take(rates, tokens)
    short = book.short_of(rates, tokens, START)
    assert short is not None
    assert short.rate == rate
    assert short.retry_after > 0
    book.finish(rates, tokens)
    assert (book.short_of(rates, tokens, START) is None) == (rate != "requests")


def test_a_call_larger_than_the_minutes_tokens_waits_for_a_full_bucket_and_leaves_a_debt() -> None:
    book = RateBook()
    rates = book.rates_of(a_key(limits=RateLimits(tokens_per_minute=60)), START)
    assert book.short_of(rates, 600, START) is None
    book.take(rates, 600)
    short = book.short_of(rates, 1, START)
    assert short is not None
    assert short.retry_after > 500


def test_changed_limits_take_effect_at_once_and_keep_the_calls_in_flight() -> None:
    book = RateBook()
    rates = book.rates_of(a_key(limits=RateLimits(max_concurrency=5)), START)
    book.take(rates, 1)
    assert book.short_of(rates, 1, START) is None
    assert book.rates_of(a_key(limits=RateLimits(max_concurrency=1)), START) is rates
    short = book.short_of(rates, 1, START)
    assert short is not None
