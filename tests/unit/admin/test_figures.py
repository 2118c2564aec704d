"""Adding up usage, reading it, and the scale of latencies."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fakes.admin import NOON, FakeWork
from google.protobuf.timestamp_pb2 import Timestamp

from admin.accounts.rules import NewAccount
from admin.analytics.actions import ReadMetrics, ReadTeamUsage, ReadTrends, RecordListing, RecordUsage
from admin.analytics.histogram import percentile_milliseconds, step_of, upper_bound
from admin.analytics.ports import Dimension, ListingState
from admin.analytics.rules import UsageSums, added_up, dollars, last_days, sums_of
from admin.teams.actions import found_team
from admin.teams.errors import TeamNotFound
from marketplace.events.v1.usage_pb2 import UsageRow

NO_TRANSACTION: Any = None


def row(team: str = "tea_1", *, cost: int | None = 7, at: datetime = NOON, **changes: Any) -> UsageRow:
    """One call that ended."""
    started = Timestamp()
    started.FromDatetime(at)
    fields: dict[str, Any] = {"listing_id": "lst_1", "status": 200, "duration_microseconds": 900, **changes}
    found = UsageRow(team_id=team, prompt_tokens=3, completion_tokens=2, started_at=started, **fields)
    if cost is not None:
        found.cost_nanodollars = cost
    return found


@pytest.mark.parametrize(
    ("changes", "failed", "unknown", "unpriced", "cost"),
    [
        ({}, 0, 0, 0, 7),
        ({"status": 429}, 1, 0, 0, 7),
        ({"status": 0, "outcome": "unknown"}, 1, 1, 0, 7),
        ({"cost": None}, 0, 0, 1, 0),
        ({"cost": 0}, 0, 0, 0, 0),
    ],
)
def test_what_a_call_counts_as(changes: dict[str, Any], failed: int, unknown: int, unpriced: int, cost: int) -> None:
    sums = sums_of([row(**changes)])
    assert (sums.failed_calls, sums.unknown_calls, sums.unpriced_calls, sums.cost_nanodollars) == (
        failed,
        unknown,
        unpriced,
        cost,
    )


def test_an_unknown_cost_is_none_and_never_zero() -> None:
    assert added_up([row(cost=None)]).sums.popitem()[1].known_cost is None
    assert sums_of([row(cost=None), row()]).known_cost == 7
    assert (sums_of([row(cost=None)]) + sums_of([row()])).known_cost == 7
    assert UsageSums().known_cost == 0


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (None, None),
        (0, "0"),
        (1, "0.000000001"),
        (1_500_000_000, "1.5"),
        (100_000_000_000, "100"),
        (-5, "-0.000000005"),
    ],
)
def test_money_is_shown_as_a_decimal_number(nano: int | None, text: str | None) -> None:
    assert dollars(nano) == text


def test_a_batch_is_split_by_day_in_utc_and_by_team() -> None:
    late = datetime(2030, 1, 1, 23, 59, 59, tzinfo=UTC)
    early = datetime(2030, 1, 2, tzinfo=UTC)
    batch = added_up([row(at=late), row(at=early), row(at=early), row("tea_2", at=early)])
    assert sorted((str(key.day), key.team_id, sums.calls) for key, sums in batch.sums.items()) == [
        ("2030-01-01", "tea_1", 1),
        ("2030-01-02", "tea_1", 2),
        ("2030-01-02", "tea_2", 1),
    ]
    assert sum(batch.latencies.values()) == 4


def test_periods_end_today_and_count_whole_days() -> None:
    assert [day.isoformat() for day in last_days(NOON, 2).days] == ["2029-12-31", "2030-01-01"]


@pytest.mark.parametrize("microseconds", [0, 1, 100, 101, 5_000, 1_000_000, 10**12])
def test_every_duration_has_a_step_that_holds_it(microseconds: int) -> None:
    step = step_of(microseconds)
    assert microseconds <= upper_bound(step) or step == 96
    assert step == 0 or microseconds > upper_bound(step - 1) * 0.999999


def test_percentiles_are_within_a_step_of_the_truth() -> None:
    durations = [1_000 * number for number in range(1, 1001)]
    counts: dict[int, int] = {}
    for duration in durations:
        counts[step_of(duration)] = counts.get(step_of(duration), 0) + 1
    for share, truth in ((0.5, 500), (0.95, 950)):
        found = percentile_milliseconds(counts, share)
        assert found is not None
        assert abs(found - truth) / truth < 0.19
    assert percentile_milliseconds({}, 0.5) is None


async def recorded(*rows: UsageRow) -> FakeWork:
    """Figures of a team tea_0..01 that exists, with calls."""
    work = FakeWork()
    async with work() as inside:
        await inside.accounts.add(NewAccount("acc_a", "a@x.test", "A", "", frozenset(), inside.now))
        await found_team(inside, "red", "Red", "acc_a", "acc_a")
    await RecordUsage(lambda _: work.rows.figures)(NO_TRANSACTION, rows)
    return work


async def test_metrics_trends_and_team_usage_agree() -> None:
    team_id = f"tea_{1:032x}"
    yesterday = datetime(2029, 12, 31, tzinfo=UTC)
    work = await recorded(row(team_id), row(team_id, status=500, at=yesterday), row("tea_other", listing_id="lst_2"))
    metrics = await ReadMetrics(work)(30, None, team_id)
    assert (metrics.total.calls, metrics.total.error_rate, metrics.total.prompt_tokens) == (2, 0.5, 6)
    assert [one.identity for one, _ in metrics.by_listing] == ["lst_1"]
    assert metrics.latency.p50 is not None
    trends = await ReadTrends(work)(3, None, team_id)
    assert [(one.identity, one.sums.calls) for one in trends] == [
        ("2029-12-30", 0),
        ("2029-12-31", 1),
        ("2030-01-01", 1),
    ]
    usage = await ReadTeamUsage(work)(team_id, 3, None)
    assert usage.total == metrics.total
    assert sum(one.sums.calls for one in usage.by[Dimension.DAY]) == 2
    with pytest.raises(TeamNotFound):
        await ReadTeamUsage(work)(team_id, 3, "tea_other")


async def test_without_calls_rates_and_percentiles_are_unknown() -> None:
    metrics = await ReadMetrics(await recorded())(30, None, None)
    assert (metrics.total.calls, metrics.total.error_rate, metrics.latency.p50) == (0, None, None)


async def test_a_listings_older_revision_changes_nothing() -> None:
    work = FakeWork()
    record = RecordListing(lambda _: work.rows.figures)
    for state, revision in (("published", 1), ("deprecated", 2), ("published", 1)):
        await record(NO_TRANSACTION, ListingState("lst_1", "tea_1", "red/m", state, revision))
    assert (await ReadMetrics(work)(30, None, None)).listings_by_state == {"deprecated": 1}
