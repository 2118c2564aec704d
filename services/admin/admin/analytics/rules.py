"""Adding up usage: what a day's row is, which calls count as failed, and how money is shown."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from admin.analytics.histogram import step_of
from marketplace.events.v1.usage_pb2 import UsageRow

FIRST_FAILED_STATUS = 400
UNKNOWN = "unknown"
NANODOLLARS_EXPONENT = -9


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
    sums: dict[UsageKey, UsageSums] = {}
    latencies: Counter[LatencyKey] = Counter()
    names: dict[str, str] = {}
    for row in rows:
        key = _key_of(row)
        sums[key] = sums.get(key, UsageSums()) + sums_of(row)
        latencies[LatencyKey(key.day, key.team_id, key.listing_id, step_of(row.duration_microseconds))] += 1
        names[row.listing_id] = row.listing_name
    return UsageBatch(
        {key: sums[key] for key in sorted(sums, key=_order)},
        {key: latencies[key] for key in sorted(latencies, key=_order)},
        names,
    )


def sums_of(row: UsageRow) -> UsageSums:
    """One call."""
    priced = row.HasField("cost_nanodollars")
    return UsageSums(
        calls=1,
        failed_calls=int(row.status >= FIRST_FAILED_STATUS or row.status == 0),
        estimated_calls=int(row.estimated),
        unknown_calls=int(row.outcome == UNKNOWN),
        unpriced_calls=int(not priced),
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        cost_nanodollars=row.cost_nanodollars if priced else 0,
        duration_microseconds=row.duration_microseconds,
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


def _key_of(row: UsageRow) -> UsageKey:
    day = row.started_at.ToDatetime(UTC).date()
    return UsageKey(day, row.team_id, row.account_id, row.key_id, row.listing_id, row.model, row.provider)


def _order(key: UsageKey | LatencyKey) -> tuple[str, ...]:
    return tuple(str(value) for value in vars(key).values())
