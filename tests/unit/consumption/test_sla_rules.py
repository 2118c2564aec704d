"""When a listing falls short of what it is held to, and when it is back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from consumption.sla.actions import EvaluateListings
from consumption.sla.histograms import BUCKETS, bucket_of
from consumption.sla.ports import Evaluated, Judge
from consumption.sla.rules import (
    DAY,
    FIVE_MINUTES,
    HOUR,
    LEAST_CALLS,
    MONTH,
    Breach,
    Metric,
    SlaListing,
    Step,
    Tally,
    Watched,
    meets,
    moves_of,
    reading_of,
)

NOW = datetime(2026, 12, 1, 10, 30, 45, tzinfo=UTC)
ERRORS, LATENCY, UPTIME = Metric.ERROR_RATE, Metric.LATENCY_P95, Metric.UPTIME


def tally(succeeded: int, vendor_faults: int = 0, milliseconds: int = 100, down: int = 0) -> Tally:
    totals = [0] * BUCKETS
    totals[bucket_of(milliseconds * 1000)] = succeeded
    return Tally(succeeded, 0, vendor_faults, 0, minutes=10, minutes_down=down, totals=totals)


@dataclass
class Noted:
    """A listing whose moves are kept as a store keeps them."""

    targets: dict[Metric, float]
    turns: dict[Metric, datetime] = field(default_factory=dict[Metric, datetime])
    breaches: dict[Metric, Breach] = field(default_factory=dict[Metric, Breach])
    past: list[Breach] = field(default_factory=list[Breach])

    def watched(self, tallies: Mapping[str, Tally]) -> Watched:
        return Watched(SlaListing("lst_1", "tea_1", "red/chat", {}, self.targets), tallies, self.turns, self.breaches)

    def judge(self, at: float, **tallies: Tally) -> list[Step]:
        """The steps at so many seconds; tallies by window, with a letter before the name: `w5m`."""
        now = NOW + timedelta(seconds=at)
        moves = moves_of(self.watched({name[1:]: one for name, one in tallies.items()}), now)
        for move in moves:
            self.turns.pop(move.metric, None)
            if move.step is Step.TURN:
                self.turns[move.metric] = move.since
            elif move.step is Step.BREACH:
                assert move.reading is not None
                self.breaches[move.metric] = Breach("brc_1", move.metric, "5m", 0, 0, 0, move.since)
            elif move.step is Step.RECOVER:
                self.past.append(self.breaches.pop(move.metric))
        return [move.step for move in moves]


def test_a_breach_is_noted_after_a_minute_past_the_target_and_began_when_that_did() -> None:
    noted = Noted({ERRORS: 0.1})
    assert noted.judge(0, w5m=tally(90, 10)) == []
    assert noted.judge(30, w5m=tally(80, 20)) == [Step.TURN]
    assert noted.judge(60, w5m=tally(80, 20)) == []
    assert noted.judge(90, w5m=tally(80, 20)) == [Step.BREACH]
    assert noted.breaches[ERRORS].began_at == NOW + timedelta(seconds=30)
    assert noted.judge(120, w5m=tally(80, 20)) == []


def test_a_figure_that_comes_and_goes_is_no_breach() -> None:
    noted = Noted({ERRORS: 0.1})
    steps = [noted.judge(at, w5m=tally(80, 20) if at % 60 else tally(100)) for at in range(0, 600, 30)]
    assert {step for moved in steps for step in moved} == {Step.TURN, Step.TURN_BACK}
    assert not noted.breaches


def test_a_breach_ends_after_two_minutes_well_inside_the_target_and_not_beside_it() -> None:
    noted = Noted({ERRORS: 0.1}, breaches={ERRORS: Breach("brc_1", ERRORS, "5m", 0.1, 0.2, 100, NOW)})
    assert noted.judge(0, w5m=tally(902, 98)) == []
    assert noted.judge(30, w5m=tally(95, 5)) == [Step.TURN]
    assert noted.judge(60, w5m=tally(902, 98)) == [Step.TURN_BACK]
    assert noted.judge(90, w5m=tally(95, 5)) == [Step.TURN]
    assert noted.judge(180, w5m=tally(95, 5)) == []
    assert noted.judge(210, w5m=tally(95, 5)) == [Step.RECOVER]
    assert not noted.breaches


@pytest.mark.parametrize("silence", [Tally(), tally(5, 5)])
def test_silence_neither_breaches_nor_recovers(silence: Tally) -> None:
    noted = Noted({ERRORS: 0.1, LATENCY: 50, UPTIME: 99})
    noted.turns[ERRORS] = NOW
    assert noted.judge(3600, w5m=silence) == [Step.TURN_BACK]
    noted.breaches[UPTIME] = Breach("brc_1", UPTIME, "24h", 99, 90, 100, NOW)
    assert noted.judge(7200) == []
    assert UPTIME in noted.breaches


def test_what_is_no_longer_promised_is_no_longer_broken() -> None:
    noted = Noted({}, breaches={LATENCY: Breach("brc_1", LATENCY, "5m", 50, 90, 100, NOW)})
    assert noted.judge(30) == [Step.RECOVER]


def test_the_shortest_window_with_enough_calls_is_judged_and_uptime_over_a_day() -> None:
    few, enough = tally(LEAST_CALLS - 1), tally(LEAST_CALLS, 0, 900)
    watched = Noted({ERRORS: 0.1, LATENCY: 50, UPTIME: 99}).watched(
        {FIVE_MINUTES.name: few, HOUR.name: enough, DAY.name: tally(500, 0, 100, 1)}
    )
    latency, uptime = reading_of(watched, LATENCY), reading_of(watched, UPTIME)
    assert latency is not None
    assert (latency.window, latency.calls) == ("1h", LEAST_CALLS)
    assert latency.measured == pytest.approx(900, rel=0.13)
    assert uptime is not None
    assert (uptime.window, uptime.measured) == ("24h", 90)
    assert reading_of(Noted({}).watched({HOUR.name: enough}), LATENCY) is None


def test_figures_without_calls_are_unknown_and_keep_or_break_nothing() -> None:
    nothing = Tally(caller_faults=3, our_faults=2)
    assert (nothing.calls, nothing.answered) == (5, 0)
    assert [nothing.measured(metric) for metric in Metric] == [None, None, None]
    assert [meets(metric, None, 1) for metric in Metric] == [None, None, None]
    assert [meets(ERRORS, 0.1, None), meets(ERRORS, 0.1, 0.1), meets(ERRORS, 0.11, 0.1)] == [None, True, False]
    assert [meets(UPTIME, 99.9, 99.9), meets(UPTIME, 99.8, 99.9)] == [True, False]


def test_what_a_publisher_set_goes_before_what_it_promised() -> None:
    listing = SlaListing("lst_1", "tea_1", "red/chat", {LATENCY: 100.0, UPTIME: 99.9}, {LATENCY: 50.0, ERRORS: 0.0})
    assert [listing.target(metric) for metric in (LATENCY, ERRORS, UPTIME)] == [50, 0, 99.9]


def test_windows_begin_at_whole_minutes_and_hours() -> None:
    assert FIVE_MINUTES.begins(NOW) == datetime(2026, 12, 1, 10, 25, tzinfo=UTC)
    assert MONTH.begins(NOW) == datetime(2026, 11, 1, 10, 0, tzinfo=UTC)


class _Pages:
    """Three pages, of which the second has a breach."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def evaluate(self, after: str, now: datetime, judge: Judge) -> Evaluated:
        assert judge is moves_of
        self.asked.append(after)
        return {"": Evaluated("lst_1", 0), "lst_1": Evaluated("lst_2", 1), "lst_2": Evaluated(None, 0)}[after]


class _Still:
    def now(self) -> datetime:
        return NOW


async def test_an_evaluation_goes_through_all_pages() -> None:
    pages = _Pages()
    assert await EvaluateListings(pages, _Still())() == 1
    assert pages.asked == ["", "lst_1", "lst_2"]
