"""The arithmetic of a cost, step by step."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from chassis.identity.principal import Principal
from consumption.explain.actions import ExplainCall
from consumption.explain.rules import CallRecord, Step, arithmetic_of
from consumption.prices.rules import PriceRow
from dataplane.usage import Usage

AT = datetime(2026, 11, 1, tzinfo=UTC)


def row(prompt: int | None, completion: int | None, cached: int | None = None) -> PriceRow:
    return PriceRow("prc_1", "lst_1", "ver_1", "usage", prompt, completion, AT, cached)


@pytest.mark.parametrize(
    ("usage", "prices", "total", "rounded"),
    [
        (Usage(10, 5), (2_500_000_000, 10_000_000_000), Fraction(75_000), 75_000),
        (Usage(1, 1), (250_000, 250_000), Fraction(1, 2), 1),
        (Usage(1, 0), (499_999, 7), Fraction(499_999, 1_000_000), 0),
        (Usage(7, 0), (0, None), Fraction(0), 0),
        (Usage(7, 3), (1, None), None, None),
        (Usage(0, 3), (None, 2_000_000), Fraction(6), 6),
        (Usage(10, 1, 4), (1_000_000, 2_000_000, 250_000), Fraction(9), 9),
        (Usage(10, 0, 10), (1_000_000, 0, 0), Fraction(0), 0),
        (Usage(10, 0, 10), (1_000_000, 0, None), Fraction(10), 10),
        (Usage(1, 1, 1), (7, 250_000, 250_000), Fraction(1, 2), 1),
        (Usage(5, 0, 5), (None, None, 1_000_000), Fraction(5), 5),
        (Usage(6, 0, 5), (None, None, 1_000_000), None, None),
    ],
)
def test_a_cost_is_the_exact_sum_of_its_steps_rounded_once(
    usage: Usage, prices: tuple[int | None, ...], total: Fraction | None, rounded: int | None
) -> None:
    found = arithmetic_of(usage, row(*prices))
    assert (found.total, found.rounded) == (total, rounded)


def test_each_step_names_its_tokens_and_their_price() -> None:
    found = arithmetic_of(Usage(4, 6, cached_prompt_tokens=3), row(1_000_000, None))
    assert found.steps == (Step("prompt", 4, 1_000_000, Fraction(4)), Step("completion", 6, None, None))


def test_cached_tokens_are_a_step_of_their_own_where_they_have_a_price_of_their_own() -> None:
    found = arithmetic_of(Usage(4, 6, cached_prompt_tokens=3), row(1_000_000, 0, 500_000))
    assert found.steps == (
        Step("prompt", 1, 1_000_000, Fraction(1)),
        Step("cached_prompt", 3, 500_000, Fraction(3, 2)),
        Step("completion", 6, 0, Fraction(0)),
    )


@dataclass
class OneCall:
    """A team's one call; remembers for whom it was looked up."""

    asked: list[str | None] = field(default_factory=list[str | None])

    async def find(self, call_id: str, team_id: str | None) -> CallRecord:
        self.asked.append(team_id)
        return CallRecord(
            *(call_id, AT, "tea_1", "acc_1", "key_1", None, None, "lst_1", "ver_1", "red/chat", "1.0.0", "demo", "m"),
            *(Usage(10, 5), 75_000, "prc_1", "completed", False, 200, 1000, None, 0, ()),
        )


class OnePrice:
    """A book of one row."""

    async def add(self, transaction: object, row: PriceRow) -> None: ...

    async def reference(self, transaction: object, provider: str, model: str) -> None: ...

    async def at(self, listing_version_id: str, moment: datetime) -> PriceRow:
        return row(1, 1)

    async def by_id(self, price_id: str) -> PriceRow | None:
        return row(2_500_000_000, 10_000_000_000) if price_id == "prc_1" else None


def person(tenant: str | None, *roles: str) -> Principal:
    return Principal("acc_1", frozenset(roles), tenant, None, "viewer" if tenant else None, 1, AT)


@pytest.mark.parametrize(
    ("caller", "team"), [(person("tea_1"), "tea_1"), (person(None, "admin"), None), (person(None, "viewer"), "")]
)
async def test_calls_are_looked_up_in_the_callers_team_and_in_all_for_admins_alone(
    caller: Principal, team: str | None
) -> None:
    calls = OneCall()
    told = await ExplainCall(calls, OnePrice())(caller, "call_1")
    assert calls.asked == [team]
    assert told.arithmetic is not None
    assert told.arithmetic.rounded == told.call.cost
