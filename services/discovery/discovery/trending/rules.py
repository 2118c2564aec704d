"""Rules of popularity: what a use weighs, and how fast it is forgotten."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

CALL_WEIGHT = 1.0
# Looking is cheap for the one who looks.
LOOK_WEIGHT = 0.1
# What a listing that was published or changed a moment ago has in advance: one call.
NEWCOMER_WEIGHT = 1.0
# Of the popularity that ranks search.
HALF_LIFE = timedelta(days=7)
COUNTED_OUTCOMES = frozenset({"completed", "caller_left"})


class Window(StrEnum):
    """How far trending looks back."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"

    @property
    def span(self) -> timedelta:
        """The length of the window."""
        return {Window.DAY: timedelta(days=1), Window.WEEK: timedelta(days=7), Window.MONTH: timedelta(days=30)}[self]

    @property
    def half_life(self) -> timedelta:
        """Use at the window's far end counts a sixteenth."""
        return self.span / 4


LONGEST_MEMORY = Window.MONTH.span + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Use:
    """Calls of a listing at one moment, or one look at it."""

    listing_id: str
    at: datetime
    weight: float


@dataclass(frozen=True, slots=True)
class HourOfUse:
    """All use of a listing in one hour."""

    listing_id: str
    hour: datetime
    weight: float


@dataclass(frozen=True, slots=True)
class Popularity:
    """Decayed use as it stood at a moment."""

    listing_id: str
    score: float
    as_of: datetime


def remaining(age: timedelta, half_life: timedelta) -> float:
    """What is left of a weight of that age; the future counts as now."""
    return float(0.5 ** (max(age, timedelta(0)) / half_life))


def by_hour(uses: Iterable[Use]) -> list[HourOfUse]:
    """Sums by listing and hour, in the order in which all writers lock them."""
    sums: dict[tuple[str, datetime], float] = defaultdict(float)
    for use in uses:
        sums[use.listing_id, use.at.replace(minute=0, second=0, microsecond=0)] += use.weight
    return [HourOfUse(listing_id, hour, weight) for (listing_id, hour), weight in sorted(sums.items())]


def by_listing(uses: Iterable[Use]) -> list[Popularity]:
    """Sums by listing as of its newest use, in the order in which all writers lock them."""
    groups: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        groups[use.listing_id].append(use)
    return [_summed(listing_id, groups[listing_id]) for listing_id in sorted(groups)]


def _summed(listing_id: str, uses: list[Use]) -> Popularity:
    as_of = max(use.at for use in uses)
    return Popularity(listing_id, sum(use.weight * remaining(as_of - use.at, HALF_LIFE) for use in uses), as_of)


def trend(decayed_use: float, age: timedelta, window: Window) -> float:
    """The decayed use in a window, and the start that a newcomer of that age is given."""
    return decayed_use + NEWCOMER_WEIGHT * remaining(age, window.half_life)
