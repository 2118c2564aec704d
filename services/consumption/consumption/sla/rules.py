"""Windows, what is measured in them, what a listing is held to, and when it falls short of that or recovers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from consumption.sla.histograms import percentile_ms

# Fewer calls than this say nothing about a listing.
LEAST_CALLS = 20
# So long a figure has to stay on the other side of its target before a breach is noted, or its end.
BREACHED_AFTER, RECOVERED_AFTER = timedelta(seconds=60), timedelta(seconds=120)
# A breach ends where the figure is this far inside its target, so that one beside it does not come and go.
_INSIDE = 0.95


class Metric(StrEnum):
    """What a listing can be held to. The error rate is a share from 0 to 1."""

    LATENCY_P95 = "latency_p95_ms"
    ERROR_RATE = "error_rate"
    UPTIME = "uptime_percent"


@dataclass(frozen=True)
class Window:
    """The time that figures are made of, back from now; `grain` is that of the histograms read for it."""

    name: str
    span: timedelta
    grain: str

    def begins(self, now: datetime) -> datetime:
        """The minute or hour that the window begins in, whole."""
        start = (now - self.span).astimezone(UTC).replace(second=0, microsecond=0)
        return start if self.grain == "minute" else start.replace(minute=0)


FIVE_MINUTES = Window("5m", timedelta(minutes=5), "minute")
HOUR = Window("1h", timedelta(hours=1), "minute")
DAY = Window("24h", timedelta(hours=24), "hour")
MONTH = Window("30d", timedelta(days=30), "hour")
WINDOWS = (FIVE_MINUTES, HOUR, DAY, MONTH)
# Latency and errors are judged over the shortest of these that holds enough calls, uptime over a day.
JUDGED = (FIVE_MINUTES, HOUR, DAY)


@dataclass(frozen=True)
class Tally:
    """The calls of one listing in a window; minutes are those in which its vendor had a call to answer."""

    succeeded: int = 0
    caller_faults: int = 0
    vendor_faults: int = 0
    our_faults: int = 0
    limited: int = 0
    added_microseconds: int = 0
    minutes: int = 0
    minutes_down: int = 0
    totals: Sequence[int] = ()
    first_bytes: Sequence[int] = ()

    @property
    def calls(self) -> int:
        """All that ended."""
        return self.answered + self.caller_faults + self.our_faults

    @property
    def answered(self) -> int:
        """Those that were the vendor's to answer."""
        return self.succeeded + self.vendor_faults

    @property
    def error_rate(self) -> float | None:
        """The share of those that the vendor failed; None where there were none."""
        return self.vendor_faults / self.answered if self.answered else None

    @property
    def uptime_percent(self) -> float | None:
        """Of the minutes with calls, those in which the vendor answered at least half; None where there were none."""
        return 100 * (self.minutes - self.minutes_down) / self.minutes if self.minutes else None

    @property
    def added_ms(self) -> float | None:
        """What we added to a call on average; None where there were none."""
        return self.added_microseconds / self.calls / 1000 if self.calls else None

    def measured(self, metric: Metric) -> float | None:
        """A figure that a listing can be held to."""
        if metric is Metric.LATENCY_P95:
            return percentile_ms(self.totals, 0.95)
        return self.error_rate if metric is Metric.ERROR_RATE else self.uptime_percent


Targets = Mapping[Metric, float]


@dataclass(frozen=True)
class SlaListing:
    """A listing, what its publisher promised, and what was set since; what is set goes before what was promised."""

    listing_id: str
    team_id: str
    full_name: str
    promised: Targets
    chosen: Targets

    def target(self, metric: Metric) -> float | None:
        """What it is held to."""
        return self.chosen.get(metric, self.promised.get(metric))


@dataclass(frozen=True)
class Breach:
    """A time in which a listing was past a target; `measured` over which window when it was noted."""

    breach_id: str
    metric: Metric
    window: str
    target: float
    measured: float
    calls: int
    began_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Reading:
    """A figure beside its target."""

    metric: Metric
    target: float
    measured: float
    window: str
    calls: int


class Step(StrEnum):
    """What happens to what is noted of a metric."""

    TURN = "turn"
    TURN_BACK = "turn_back"
    BREACH = "breach"
    RECOVER = "recover"


@dataclass(frozen=True)
class Move:
    """A step, since when the figure has been where it is, and the figure; without one nothing is promised any more."""

    metric: Metric
    step: Step
    since: datetime
    reading: Reading | None = None


@dataclass(frozen=True)
class Watched:
    """A listing with its tallies by window, and what is noted of its metrics."""

    listing: SlaListing
    tallies: Mapping[str, Tally]
    turns: Mapping[Metric, datetime]
    breaches: Mapping[Metric, Breach]


def meets(metric: Metric, measured: float | None, target: float | None) -> bool | None:
    """Whether a figure keeps its target; None where either is unknown."""
    if measured is None or target is None:
        return None
    return measured >= target if metric is Metric.UPTIME else measured <= target


def reading_of(watched: Watched, metric: Metric) -> Reading | None:
    """The figure that a metric is judged by; None where nothing is promised, or too few calls say how it stands."""
    target = watched.listing.target(metric)
    if target is None:
        return None
    for window in (DAY,) if metric is Metric.UPTIME else JUDGED:
        tally = watched.tallies.get(window.name, Tally())
        calls = tally.succeeded if metric is Metric.LATENCY_P95 else tally.answered
        measured = tally.measured(metric)
        if calls >= LEAST_CALLS and measured is not None:
            return Reading(metric, target, measured, window.name, calls)
    return None


def moves_of(watched: Watched, now: datetime) -> list[Move]:
    """What is to be noted of each metric now."""
    moves = (_move(watched, metric, now) for metric in Metric)
    return [move for move in moves if move is not None]


def _move(watched: Watched, metric: Metric, now: datetime) -> Move | None:
    reading = reading_of(watched, metric)
    turned_at, breach = watched.turns.get(metric), watched.breaches.get(metric)
    if breach is not None and watched.listing.target(metric) is None:
        return Move(metric, Step.RECOVER, now)
    if reading is None or not (_is_past(reading) if breach is None else _is_back(reading)):
        return None if turned_at is None else Move(metric, Step.TURN_BACK, now, reading)
    if turned_at is None:
        return Move(metric, Step.TURN, now, reading)
    if now - turned_at < (BREACHED_AFTER if breach is None else RECOVERED_AFTER):
        return None
    return Move(metric, Step.BREACH if breach is None else Step.RECOVER, turned_at, reading)


def _is_past(reading: Reading) -> bool:
    return meets(reading.metric, reading.measured, reading.target) is False


def _is_back(reading: Reading) -> bool:
    target = reading.target if reading.metric is Metric.UPTIME else reading.target * _INSIDE
    return meets(reading.metric, reading.measured, target) is True
