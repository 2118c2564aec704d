"""Adding up usage: what a day's row is, which calls count as failed, and how money is shown."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from admin.analytics.histogram import step_of
from marketplace.events.v1.usage_pb2 import UsageRow

FIRST_FAILED_STATUS = 400
UNKNOWN = "unknown"
NANODOLLARS_EXPONENT = -9
_FIRST_DAY, _SECONDS_A_DAY = date(1970, 1, 1), 86_400


@dataclass(frozen=True)
class UsageKey:
    """What a day's row is about."""

    day: date
    team_id: str
    account_id: str
    key_id: str
    listing_id: str
    model: str
    provider: str


@dataclass(frozen=True)
class UsageSums:
    """Sums over calls; the cost is of the priced ones alone."""

    calls: int = 0
    failed_calls: int = 0
    estimated_calls: int = 0
    unknown_calls: int = 0
    unpriced_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_nanodollars: int = 0
    duration_microseconds: int = 0

    def __add__(self, other: "UsageSums") -> "UsageSums":
        """Both together."""
        return UsageSums(
            *(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True))
        )

    @property
    def known_cost(self) -> int | None:
        """None where no call has a price: unknown is never 0."""
        return None if self.calls and self.unpriced_calls == self.calls else self.cost_nanodollars

    @property
    def error_rate(self) -> float | None:
        """The share of failed calls; None without calls."""
        return round(self.failed_calls / self.calls, 6) if self.calls else None


@dataclass(frozen=True)
class LatencyKey:
    """One step of the latency scale on one day."""

    day: date
    team_id: str
    listing_id: str
    step: int


@dataclass(frozen=True)
class UsageBatch:
    """A batch of calls, added up."""

    sums: dict[UsageKey, UsageSums]
    latencies: dict[LatencyKey, int]
    listing_names: dict[str, str]


def added_up(rows: Iterable[UsageRow]) -> UsageBatch:
    """The sums of a batch, in a fixed order of their keys."""
    groups: dict[_DayOfKey, list[UsageRow]] = defaultdict(list)
    for row in rows:
        groups[_day_of_key(row)].append(row)
    sums: dict[UsageKey, UsageSums] = {}
    latencies: Counter[LatencyKey] = Counter()
    names: dict[str, str] = {}
    for (day, *about), calls in groups.items():
        key = UsageKey(_FIRST_DAY + timedelta(days=day), *about)
        sums[key] = sums_of(calls)
        for step, count in Counter([step_of(call.duration_microseconds) for call in calls]).items():
            latencies[LatencyKey(key.day, key.team_id, key.listing_id, step)] += count
        names[key.listing_id] = calls[-1].listing_name
    return UsageBatch(
        {key: sums[key] for key in sorted(sums, key=_order)},
        {key: latencies[key] for key in sorted(latencies, key=_order)},
        names,
    )


def sums_of(calls: Sequence[UsageRow]) -> UsageSums:
    """Calls of one key."""
    statuses = [call.status for call in calls]
    return UsageSums(
        calls=len(calls),
        failed_calls=len([status for status in statuses if status >= FIRST_FAILED_STATUS or status == 0]),
        estimated_calls=sum([call.estimated for call in calls]),
        unknown_calls=[call.outcome for call in calls].count(UNKNOWN),
        unpriced_calls=len(calls) - sum([call.HasField("cost_nanodollars") for call in calls]),
        prompt_tokens=sum([call.prompt_tokens for call in calls]),
        completion_tokens=sum([call.completion_tokens for call in calls]),
        # 0 where it is absent.
        cost_nanodollars=sum([call.cost_nanodollars for call in calls]),
        duration_microseconds=sum([call.duration_microseconds for call in calls]),
    )


def dollars(nanodollars: int | None) -> str | None:
    """A decimal number of USD without needless zeros."""
    if nanodollars is None:
        return None
    text = format(Decimal(nanodollars).scaleb(NANODOLLARS_EXPONENT), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class Period:
    """Whole days in UTC, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """Every day of it, in order."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]


def last_days(now: datetime, days: int) -> Period:
    """The period of so many days that ends today."""
    today = now.astimezone(UTC).date()
    return Period(today - timedelta(days=days - 1), today)


# A day's number since 1970 and what `UsageKey` says besides; made for each call, a `UsageKey` once for all of them.
_DayOfKey = tuple[int, str, str, str, str, str, str]


def _day_of_key(row: UsageRow) -> _DayOfKey:
    day = row.started_at.seconds // _SECONDS_A_DAY
    return day, row.team_id, row.account_id, row.key_id, row.listing_id, row.model, row.provider


def _order(key: UsageKey | LatencyKey) -> tuple[str, ...]:
    return tuple(str(value) for value in vars(key).values())
