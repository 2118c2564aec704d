"""What a recalculation makes of calls, what it moves, and when it is refused."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis.identity.principal import Principal
from consumption.prices.rules import PriceRow
from consumption.recalculation.actions import (
    MOST_PREVIEWED,
    PREVIEW_SECONDS,
    PreviewRecalculation,
    ReadRecalculation,
    StartRecalculation,
)
from consumption.recalculation.errors import RequestIdTaken, RunNotFound, SpanRefused
from consumption.recalculation.rules import (
    Correction,
    CountedCall,
    Counts,
    Group,
    Repriced,
    Run,
    Scope,
    ScopeDifference,
    grouped,
    movements_of,
    repriced,
)
from consumption.settlement.rules import Charge
from dataplane.usage import Usage

T = datetime(2026, 11, 10, 12, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MONEY, TOKENS = "team:tea_1:nanodollars", "team:tea_1:tokens"


def row(price_id: str, price: int | None, since: datetime) -> PriceRow:
    return PriceRow(price_id, "lst_1", "ver_1", "usage", price, price, since, recorded_at=since)


def a_call(
    number: int = 1, cost: int | None = 20, *, corrected: bool = False, outcome: str = "completed"
) -> CountedCall:
    """Ten tokens at 2 nano-dollars each, fifty held."""
    charges = (Charge(MONEY, 50, 50 if cost is None else 20, END), Charge(TOKENS, 30, 10, END))
    return CountedCall(
        *(f"call_{number}", T, "tea_1", "lst_1", "ver_1", "red/chat", "demo", Usage(6, 4), outcome, cost, "prc_1"),
        corrected,
        charges,
    )


BOOK = [row("prc_1", 2_000_000, T - 9 * DAY), row("prc_2", 5_000_000, T - DAY), row("prc_3", 9_000_000, T + DAY)]


@pytest.mark.parametrize(
    ("call", "book", "cost", "difference", "scope_difference"),
    [
        (a_call(), BOOK, 50, 30, 30),
        (a_call(cost=None), BOOK, 50, 50, 0),
        (a_call(cost=80, corrected=True), BOOK, 50, -30, -30),
        (a_call(cost=70), [row("prc_0", 0, T)], 0, -70, -20),
    ],
)
def test_a_call_is_priced_by_the_book_as_of_its_start(
    call: CountedCall, book: Sequence[PriceRow], cost: int, difference: int, scope_difference: int
) -> None:
    [one] = repriced([call], book).corrections
    assert (one.new_cost, one.difference) == (cost, difference)
    assert one.scopes == (ScopeDifference(MONEY, END, scope_difference),)


@pytest.mark.parametrize(
    ("call", "book", "counted"),
    [
        (a_call(cost=50), BOOK, Repriced(1)),
        (a_call(), BOOK[:1], Repriced(1)),
        (a_call(), [], Repriced(1, without_price=1)),
        (a_call(), [row("prc_1", None, T)], Repriced(1, without_price=1)),
        (a_call(), BOOK[2:], Repriced(1, without_price=1)),
        (a_call(outcome="unknown"), BOOK, Repriced(1, unknown_end=1)),
        (replace(a_call(outcome="reconciled"), is_decided=True), BOOK, Repriced(1, decided=1)),
    ],
)
def test_what_costs_the_same_has_no_price_or_ended_unseen_stays_as_it_is(
    call: CountedCall, book: Sequence[PriceRow], counted: Repriced
) -> None:
    assert repriced([call], book) == counted


def test_cached_tokens_are_priced_again_at_the_price_of_their_own() -> None:
    call = replace(a_call(), usage=Usage(6, 4, 5))
    [one] = repriced([call], [replace(row("prc_9", 5_000_000, T - DAY), cached_input_price=1_000_000)]).corrections
    assert (one.new_cost, one.difference) == (5 + 5 + 20, 10)


def test_differences_are_summed_by_scope_and_month_and_those_upwards_apart() -> None:
    up, down = repriced([a_call(), a_call(2, 90, corrected=True)], BOOK).corrections
    assert movements_of([up, down]) == [(MONEY, END, -10, 30)]
    assert movements_of([]) == []


def test_corrections_of_one_listing_from_one_price_to_another_are_one_group() -> None:
    groups = grouped({}, repriced([a_call(), a_call(2), a_call(3, None)], BOOK).corrections)
    assert list(groups.values()) == [Group("red/chat", "demo", "prc_1", "prc_2", 3, 1, 40, 150)]


@dataclass
class KeptRuns:
    """Runs in memory, and a walk over batches of the same corrections."""

    batches: int = 1
    size: int = 1
    kept: dict[str, Run] = field(default_factory=dict[str, Run])

    def now(self) -> datetime:
        return T + 20 * DAY

    async def walk(self, scope: Scope, book_as_of: datetime) -> AsyncIterator[Repriced]:
        correction = Correction(a_call(), 50, "prc_2", ())
        for _ in range(self.batches):
            yield Repriced(self.size, corrections=[correction])

    async def add(self, run: Run) -> Run:
        return self.kept.setdefault(run.request_id, run)

    async def find(self, run_id: str) -> Run:
        for run in self.kept.values():
            if run.run_id == run_id:
                return run
        raise RunNotFound("None.")

    async def page(self, after: tuple[datetime, str] | None, at_most: int) -> list[Run]:
        return list(self.kept.values())

    async def groups(self, run_id: str) -> list[Group]:
        return [Group("red/chat", "demo", "prc_1", "prc_2", 1)]

    async def prices(self, price_ids: Sequence[str]) -> dict[str, PriceRow]:
        return {one.price_id: one for one in BOOK if one.price_id in price_ids}


SCOPE = Scope(T - DAY, T + DAY)
ADMIN = Principal("acc_9", frozenset({"admin"}), None, None, None, 1, T)


def new_id(prefix: str, now: datetime) -> str:
    return f"{prefix}_new"


async def test_a_run_is_started_once_for_each_request_id() -> None:
    runs = KeptRuns()
    start = StartRecalculation(runs, runs, new_id)
    first = await start(ADMIN, "once", SCOPE)
    assert (first.run_id, first.requested_by, first.state) == ("rcl_new", "acc_9", "running")
    assert await start(ADMIN, "once", SCOPE) == first
    with pytest.raises(RequestIdTaken):
        await start(ADMIN, "once", replace(SCOPE, team_id="tea_1"))
    run, told = await ReadRecalculation(runs)("rcl_new")
    assert (run, sorted(told.prices), told.groups[0].calls) == (first, ["prc_1", "prc_2"], 1)
    with pytest.raises(RunNotFound):
        await ReadRecalculation(runs)("rcl_other")


@pytest.mark.parametrize("scope", [Scope(T, T), Scope(T, T - DAY), Scope(T, T + 21 * DAY), Scope(T - 401 * DAY, T)])
async def test_a_time_that_is_none_or_too_long_or_not_over_is_refused(scope: Scope) -> None:
    runs = KeptRuns()
    with pytest.raises(SpanRefused):
        await StartRecalculation(runs, runs, new_id)(ADMIN, "once", scope)
    with pytest.raises(SpanRefused):
        await PreviewRecalculation(runs, runs, runs, lambda: 0.0)(scope)
    assert runs.kept == {}


async def test_a_preview_counts_and_groups_and_stops_at_its_bound() -> None:
    few = KeptRuns(batches=3)
    seen = await PreviewRecalculation(few, few, few, lambda: 0.0)(SCOPE)
    assert (seen.complete, seen.counts) == (True, Counts(3, 3, 0, 0, 90))
    assert [group.calls for group in seen.told.groups] == [3]
    many = KeptRuns(batches=3, size=MOST_PREVIEWED)
    part = await PreviewRecalculation(many, many, many, lambda: 0.0)(SCOPE)
    assert (part.complete, part.counts.calls) == (False, MOST_PREVIEWED)
    seconds = iter([0.0, 1.0, PREVIEW_SECONDS])
    slow = await PreviewRecalculation(few, few, few, lambda: next(seconds))(SCOPE)
    assert (slow.complete, slow.counts.calls) == (False, 2)
