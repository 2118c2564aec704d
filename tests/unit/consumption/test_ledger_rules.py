"""The sums of settlement and the months of balances, as tables."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from consumption.budgets.rules import Balance, Limit, dollars_of, month_of, nanodollars_of
from consumption.prices.rules import prices_of
from consumption.settlement.rules import Charge, EndedCall, LeaseReturn, Movement, UsageRow, movements_of

END = datetime(2026, 12, 1, tzinfo=UTC)
USAGE = UsageRow(
    *("call_1", END, "tea_1", "acc_1", "key_1", "lst_1", "ver_1", "red/chat", "1.0.0", "demo", "demo-chat"),
    *(5, 0, 7, 12, "prc_1", "completed", False, False, 200, 1000, None),
)


def ended(reserved: int, spent: int, outcome: str = "completed") -> EndedCall:
    return EndedCall(replace(USAGE, outcome=outcome), (Charge("key:1:tokens", reserved, spent, END),))


@pytest.mark.parametrize(
    ("call", "movement"),
    [
        (ended(10, 10), Movement(from_lease=10, settled=10)),
        (ended(10, 3), Movement(from_lease=3, settled=3)),
        (ended(10, 0), Movement()),
        (ended(10, 25), Movement(from_lease=10, settled=25, overdraft=15)),
        (ended(10, 0, "unknown"), Movement(from_lease=10, unknown=10)),
    ],
)
def test_what_one_call_moves(call: EndedCall, movement: Movement) -> None:
    assert movements_of([call], []) == {("key:1:tokens", END): movement}


def test_calls_and_returns_of_one_scope_are_summed() -> None:
    returned = LeaseReturn("ret_1", (("key:1:tokens", END, 4),))
    moved = movements_of([ended(10, 3), ended(10, 5)], [returned])
    assert moved == {("key:1:tokens", END): Movement(from_lease=12, settled=8)}


@pytest.mark.parametrize(
    ("moment", "start", "end"),
    [
        (datetime(2026, 11, 21, 9, 30, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC), END),
        (datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), END, datetime(2027, 1, 1, tzinfo=UTC)),
        (datetime(2026, 12, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), datetime(2026, 11, 1, tzinfo=UTC), END),
    ],
)
def test_months_are_of_utc(moment: datetime, start: datetime, end: datetime) -> None:
    assert (month_of(moment).start, month_of(moment).end) == (start, end)


def test_a_balance_tells_what_is_free_and_what_remains_and_never_less_than_nothing() -> None:
    limit = Limit("key:1:tokens", "key", "key_1", "tokens", 100)
    held = Balance(limit, month_of(END), settled=30, leased=50, unknown=5)
    over = Balance(limit, month_of(END), settled=130, overdraft=30)
    assert (held.used, held.free, held.remaining) == (35, 15, 65)
    assert (over.used, over.free, over.remaining) == (130, 0, 0)


@pytest.mark.parametrize(
    ("dollars", "nanodollars"), [("0", 0), ("1", 10**9), ("0.000000001", 1), ("12.5", 12_500_000_000)]
)
def test_dollars_are_exact_both_ways(dollars: str, nanodollars: int) -> None:
    assert nanodollars_of(dollars) == nanodollars
    assert dollars_of(nanodollars) == dollars


def test_free_costs_nothing_which_is_known_and_every_other_missing_price_is_unknown() -> None:
    assert prices_of("free", None, None, None) == (0, 0, None)
    assert prices_of("free", 7, 8, 9) == (0, 0, None)
    assert prices_of("usage", None, 5, None) == (None, 5, None)
    assert prices_of("usage", 4, 5, 0) == (4, 5, 0)
