"""Sums of ended calls, and percentiles out of buckets."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from consumption.sla.call_counts import EndedCalls, Fault, MinuteCounts, summed
from consumption.sla.histograms import BOUNDS, BUCKETS, bucket_of, percentile_ms

NOW = datetime(2026, 12, 1, 10, 30, 45, tzinfo=UTC)


def ended(ago: float, fault: Fault = Fault.NONE, status: int = 200, version: str = "ver_1") -> EndedCalls:
    at = round((NOW - timedelta(seconds=ago)).timestamp()) * 1_000_000
    return EndedCalls("lst_1", version, True, [(at, status, fault, 20_000, 50, 3, 4, 10_000)])


def test_every_duration_has_one_bucket_and_its_bounds_hold_it() -> None:
    assert len(BOUNDS) + 1 == BUCKETS
    for microseconds in (0, 99, 100, 101, 1000, 123_456, 10**9, 10**12):
        index = bucket_of(microseconds)
        assert index == 0 or BOUNDS[index - 1] <= microseconds
        assert index == len(BOUNDS) or microseconds < BOUNDS[index]


@pytest.mark.parametrize("spread", [0.1, 0.5, 1.5])
@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_a_percentile_out_of_buckets_is_near_the_one_of_all_durations(spread: float, share: float) -> None:
    dice = random.Random(f"{spread} {share}")
    durations = sorted(int(dice.lognormvariate(12, spread)) for _ in range(5000))
    counts = [0] * BUCKETS
    for duration in durations:
        counts[bucket_of(duration)] += 1
    exact = durations[int(share * len(durations)) - 1] / 1000
    assert percentile_ms(counts, share) == pytest.approx(exact, rel=0.065)


def test_a_percentile_of_nothing_is_unknown_and_one_beyond_the_buckets_is_their_end() -> None:
    assert percentile_ms([0] * BUCKETS, 0.5) is None
    lowest, highest = [0] * BUCKETS, [0] * BUCKETS
    lowest[0], highest[-1] = 1, 1
    assert percentile_ms(lowest, 0.99) == pytest.approx(0.1)
    assert percentile_ms(highest, 0.01) == pytest.approx(1_000_000)


def test_calls_are_summed_by_version_and_minute_and_blamed_apart() -> None:
    sums = summed(
        [
            ended(0),
            ended(10, Fault.VENDOR, 429),
            ended(20, Fault.VENDOR, 502),
            ended(30, Fault.CALLER, 400),
            ended(40, Fault.OURS, 502, "ver_2"),
            ended(50),
        ],
        NOW,
    )
    this_minute = NOW.replace(second=0)
    assert sums.calls == 6
    assert set(sums.minutes) == {
        ("lst_1", "ver_1", this_minute),
        ("lst_1", "ver_2", this_minute),
        ("lst_1", "ver_1", this_minute - timedelta(minutes=1)),
    }
    counts = sums.minutes["lst_1", "ver_1", this_minute]
    assert counts == MinuteCounts(1, 1, 2, 0, 1, 4, 12, 16, 200)
    assert sums.minutes["lst_1", "ver_2", this_minute].our_faults == 1


def test_only_calls_that_succeeded_are_in_the_histograms_of_minute_and_hour() -> None:
    [figures] = ended(2).calls
    no_byte = EndedCalls("lst_1", "ver_1", True, [(*figures[:-1], -1)])
    sums = summed([ended(0), ended(50), ended(1, Fault.VENDOR, 502), no_byte], NOW)
    assert {(grain, begins.minute): sum(one.totals) for (_, grain, begins), one in sums.durations.items()} == {
        ("minute", 30): 2,
        ("minute", 29): 1,
        ("hour", 0): 3,
    }
    [hour] = [one for (_, grain, _), one in sums.durations.items() if grain == "hour"]
    assert (hour.totals[bucket_of(20_000)], hour.first_bytes[bucket_of(10_000)]) == (3, 2)
    assert sum(hour.first_bytes) == 2


def test_a_call_ahead_of_our_clock_ended_now_and_one_of_long_ago_is_left_out() -> None:
    sums = summed([ended(-3600), ended(86_401), ended(86_399)], NOW)
    assert sums.calls == 2
    assert max(minute for _, _, minute in sums.minutes) == NOW.replace(second=0)
