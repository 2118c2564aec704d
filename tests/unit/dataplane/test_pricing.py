"""Prices as integers: rounded once, unknown never 0."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane.price import Price, UnknownPrice
from dataplane.pricing import cost_nanodollars, dollars, price_in_force, worst_cost_nanodollars
from dataplane.usage import Usage

_tokens = st.integers(0, 2**31)
_prices = st.integers(0, 10**15)


@given(_tokens, _tokens, _prices, _prices)
def test_a_cost_is_the_exact_sum_rounded_half_up_once(prompt: int, completion: int, first: int, second: int) -> None:
    exact = Fraction(prompt * first + completion * second, 1_000_000)
    assert cost_nanodollars(Usage(prompt, completion), Price("p", first, second)) == int(exact + Fraction(1, 2))


@pytest.mark.parametrize(
    ("usage", "price", "cost"),
    [
        (Usage(1, 0), Price("p", 500_000, 0), 1),
        (Usage(1, 0), Price("p", 499_999, 0), 0),
        (Usage(10, 0, 10), Price("p", 1_000_000, 0, 100_000), 1),
        (Usage(10, 0, 10), Price("p", 1_000_000, 0), 10),
        (Usage(0, 0), Price("p", 0, 0, per_request=7), 7),
        (Usage(5, 0), Price("p", 1_000_000, None), 5),
        (Usage(5, 1), Price("p", 1_000_000, None), None),
        (Usage(5, 1), None, None),
    ],
)
def test_known_parts_cost_and_unknown_parts_are_unknown(usage: Usage, price: Price | None, cost: int | None) -> None:
    assert cost_nanodollars(usage, price) == cost


@given(_tokens, _tokens, _prices, _prices, _prices, st.data())
def test_no_call_within_its_bounds_costs_more_than_its_worst_case(
    prompt: int, completion: int, first: int, second: int, cached: int, data: st.DataObject
) -> None:
    price = Price("p", first, second, cached)
    used = data.draw(st.integers(0, prompt))
    usage = Usage(used, data.draw(st.integers(0, completion)), data.draw(st.integers(0, used)))
    worst, cost = worst_cost_nanodollars(prompt, completion, price), cost_nanodollars(usage, price)
    assert worst is not None
    assert cost is not None
    assert cost <= worst


def test_an_unknown_price_is_estimated_only_where_policy_says_so() -> None:
    known, part = Price("a", 1, 1), Price("b", 1, None)
    assert price_in_force(known, None, UnknownPrice.DENY) == (known, False)
    assert price_in_force(part, known, UnknownPrice.DENY) == (None, False)
    assert price_in_force(part, known, UnknownPrice.ESTIMATE) == (known, True)
    assert price_in_force(None, part, UnknownPrice.ESTIMATE) == (None, False)


def test_dollars_are_exact_decimal_strings() -> None:
    assert (dollars(1), dollars(1_500_000_000), dollars(-1)) == ("0.000000001", "1.500000000", "-0.000000001")
