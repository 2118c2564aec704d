"""What a recalculation covers, and what it makes of one call. Costs are nano-dollars, None unknown."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from consumption.prices.rules import PriceRow, price_of_row, row_in_force
from consumption.settlement.rules import UNKNOWN, Charge
from dataplane.pricing import cost_nanodollars
from dataplane.usage import Usage

LONGEST_SPAN = timedelta(days=400)
MONEY = ":nanodollars"
State = Literal["running", "completed", "failed"]


@dataclass(frozen=True)
class Scope:
    """Calls that started in [start, end); of one team, listing or model where that is named."""

    start: datetime
    end: datetime
    team_id: str | None = None
    listing_id: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class CountedCall:
    """A call as it stands: its cost and price with all corrections so far, and what each scope was charged for it.

    `is_decided`: an invoice said what it costs, and not the price book.
    """

    call_id: str
    started_at: datetime
    team_id: str
    listing_id: str
    listing_version_id: str
    listing_name: str
    model: str
    usage: Usage
    outcome: str
    cost: int | None
    price_id: str
    is_corrected: bool
    charges: tuple[Charge, ...]
    is_decided: bool = False

    def charged(self, charge: Charge) -> int:
        """What a scope of money was charged so far: the hold, where the cost was unknown and still is."""
        return charge.spent if not self.is_corrected or self.cost is None else self.cost


@dataclass(frozen=True)
class ScopeDifference:
    """By how much a correction changes what a scope of money was charged in the month that ends then."""

    scope_id: str
    period_end: datetime
    difference: int


@dataclass(frozen=True)
class Correction:
    """Another cost of a call, by another price; `difference` counts an unknown cost as 0, which it was shown as."""

    call: CountedCall
    new_cost: int
    new_price_id: str
    scopes: tuple[ScopeDifference, ...]

    @property
    def difference(self) -> int:
        """What the call costs more now; negative: less."""
        return self.new_cost - (self.call.cost or 0)


@dataclass(frozen=True)
class Group:
    """Corrections of calls to one listing and model from one price to another; sums in nano-dollars.

    `old_cost` sums the known ones; `unpriced` counts those that had none.
    """

    listing_name: str
    model: str
    old_price_id: str
    new_price_id: str
    calls: int = 0
    unpriced: int = 0
    old_cost: int = 0
    new_cost: int = 0

    @property
    def difference(self) -> int:
        """What these calls cost more now; negative: less."""
        return self.new_cost - self.old_cost


@dataclass(frozen=True)
class Counts:
    """How many calls were looked at, and what became of them; the others cost what they did.

    `without_price`: the book has no known price for them. `unknown_end`: charged at their reservation until they are
    reconciled. `decided`: an invoice said what they cost. `difference` is in nano-dollars.
    """

    calls: int = 0
    corrected: int = 0
    without_price: int = 0
    unknown_end: int = 0
    difference: int = 0
    decided: int = 0

    def plus(self, batch: "Repriced") -> "Counts":
        """With the calls of one more batch."""
        return Counts(
            self.calls + batch.calls,
            self.corrected + len(batch.corrections),
            self.without_price + batch.without_price,
            self.unknown_end + batch.unknown_end,
            self.difference + sum(one.difference for one in batch.corrections),
            self.decided + batch.decided,
        )


@dataclass(frozen=True)
class Place:
    """How far a walk over calls has come: teams in their order, each team's calls from the newest to the oldest.

    Without `started_at` the team's calls come next. With `recorded_at` all teams are done, and what was counted since
    the run was asked for comes, in the order of its counting: a stream that began in the span may end after it.
    """

    team_id: str = ""
    started_at: datetime | None = None
    call_id: str = ""
    recorded_at: datetime | None = None


@dataclass(frozen=True)
class Run:
    """A recalculation. Prices that were recorded after `book_as_of` are not looked at, however long it takes.

    `failure` says in a word what ended it, where it failed; what it had corrected until then stays.
    """

    run_id: str
    request_id: str
    requested_by: str
    scope: Scope
    book_as_of: datetime
    calls_total: int = 0
    state: State = "running"
    place: Place = field(default_factory=Place)
    counts: Counts = field(default_factory=Counts)
    completed_at: datetime | None = None
    failure: str | None = None

    def moved(self, place: Place | None, batch: "Repriced", now: datetime) -> "Run":
        """After one more batch; no place: there are no more calls."""
        counts = self.counts.plus(batch)
        if place is None:
            return replace(self, state="completed", counts=counts, completed_at=now)
        return replace(self, place=place, counts=counts)

    def failed(self, failure: str) -> "Run":
        """Where the next batch can never be priced again."""
        return replace(self, state="failed", failure=failure)


@dataclass
class Repriced:
    """What became of a batch of calls."""

    calls: int = 0
    without_price: int = 0
    unknown_end: int = 0
    decided: int = 0
    corrections: list[Correction] = field(default_factory=list[Correction])


def repriced(calls: Sequence[CountedCall], book: Iterable[PriceRow]) -> Repriced:
    """Each call at the price in force at its start.

    One whose price is unknown, or whose end is, stays as it is, and so does one that an invoice decided.
    """
    by_version: dict[str, list[PriceRow]] = defaultdict(list)
    for row in book:
        by_version[row.listing_version_id].append(row)
    found = Repriced(calls=len(calls))
    for call in calls:
        if call.outcome == UNKNOWN:
            found.unknown_end += 1
        elif call.is_decided:
            found.decided += 1
        else:
            _reprice(found, call, row_in_force(by_version[call.listing_version_id], call.started_at))
    return found


def _reprice(found: Repriced, call: CountedCall, row: PriceRow | None) -> None:
    cost = None if row is None else cost_nanodollars(call.usage, price_of_row(row))
    if row is None or cost is None:
        found.without_price += 1
    elif cost != call.cost:
        found.corrections.append(Correction(call, cost, row.price_id, _scopes(call, cost)))


def _scopes(call: CountedCall, cost: int) -> tuple[ScopeDifference, ...]:
    return tuple(
        ScopeDifference(charge.scope_id, charge.period_end, cost - call.charged(charge))
        for charge in call.charges
        if charge.scope_id.endswith(MONEY)
    )


def movements_of(corrections: Iterable[Correction]) -> list[tuple[str, datetime, int, int]]:
    """Scope, end of month, the sum of its differences, and the sum of those upwards; in the order of locking."""
    sums: dict[tuple[str, datetime], list[int]] = defaultdict(lambda: [0, 0])
    for correction in corrections:
        for scope in correction.scopes:
            moved = sums[scope.scope_id, scope.period_end]
            moved[0] += scope.difference
            moved[1] += max(0, scope.difference)
    return [(scope_id, end, *moved) for (scope_id, end), moved in sorted(sums.items())]  # pyright: ignore[reportReturnType]


def grouped(groups: Mapping[tuple[str, ...], Group], corrections: Iterable[Correction]) -> dict[tuple[str, ...], Group]:
    """The groups with more corrections in them."""
    sums = dict(groups)
    for one in corrections:
        call = one.call
        key = (call.listing_name, call.model, call.price_id, one.new_price_id)
        before = sums.get(key) or Group(*key)
        sums[key] = replace(
            before,
            calls=before.calls + 1,
            unpriced=before.unpriced + (call.cost is None),
            old_cost=before.old_cost + (call.cost or 0),
            new_cost=before.new_cost + one.new_cost,
        )
    return sums
