"""An invoice beside our books: what was billed and what we counted, by period, model and listing.

Amounts are nano-units of the invoice's currency, ours are nano-dollars; None is unknown, never 0.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property

DOLLARS = "USD"
# Suppliers round what they bill to cents.
TOLERANCE = 10_000_000
_SNAPSHOT = re.compile(r"[-@](\d{8}|\d{4}-\d{2}-\d{2})$")


@dataclass(frozen=True, order=True)
class BilledFor:
    """What a line bills: a model in a period of whole days, for one listing where the file names it."""

    first_day: date
    last_day: date
    model: str
    listing: str = ""


@dataclass(frozen=True)
class Billed:
    """What was billed, all lines for the same in sum."""

    requests: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    amount: int | None = None

    def __add__(self, other: "Billed") -> "Billed":
        """What the lines know, in sum."""
        return Billed(
            _sum(self.requests, other.requests),
            _sum(self.input_tokens, other.input_tokens),
            _sum(self.output_tokens, other.output_tokens),
            _sum(self.amount, other.amount),
        )


@dataclass(frozen=True)
class Invoice:
    """A supplier's invoice; `provider` is the host of its endpoint, empty for every vendor's."""

    invoice_id: str
    digest: bytes
    provider: str
    currency: str
    first_day: date
    last_day: date
    lines: dict[BilledFor, Billed]

    def covers(self, model: str) -> bool:
        """Whether it speaks of a model: one of a named supplier speaks of all that supplier's."""
        return bool(self.provider) or model_key(model) in self._models

    @cached_property
    def _models(self) -> frozenset[str]:
        return frozenset(what.model for what in self.lines)


class Certainty(StrEnum):
    """How well we know what a call used."""

    SETTLED = "settled"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Counted:
    """Calls of ours in sum. For unknown ones tokens are an estimate of the prompt, and `cost` what is held for them.

    `unpriced` calls are not in the cost.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0
    unpriced: int = 0

    def __add__(self, other: "Counted") -> "Counted":
        """Both together."""
        return Counted(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost + other.cost,
            self.unpriced + other.unpriced,
        )


@dataclass(frozen=True)
class UsageSum:
    """What we counted of a model in a day by one listing, of one certainty."""

    day: date
    model: str
    listing: str
    certainty: Certainty
    counted: Counted


_NOTHING = dict.fromkeys(Certainty, Counted())


class Owing(StrEnum):
    """Who owes the difference; open: calls of unknown end may account for it."""

    NOBODY = "nobody"
    SUPPLIER = "supplier"
    US = "us"
    OPEN = "open"


@dataclass
class Compared:
    """One row of the report; `billed` is None where the invoice does not mention what we counted."""

    what: BilledFor
    billed: Billed | None
    ours: dict[Certainty, Counted] = field(default_factory=_NOTHING.copy)
    by_listing: dict[str, Counted] = field(default_factory=dict[str, Counted])

    def count(self, usage: UsageSum) -> None:
        """Add what we counted."""
        self.ours[usage.certainty] += usage.counted
        if usage.certainty is not Certainty.UNKNOWN:
            self.by_listing[usage.listing] = self.by_listing.get(usage.listing, Counted()) + usage.counted

    @property
    def known(self) -> Counted:
        """What we counted, settled and estimated together."""
        return self.ours[Certainty.SETTLED] + self.ours[Certainty.ESTIMATED]

    @property
    def input_difference(self) -> int | None:
        """Tokens billed beyond those we counted."""
        return _difference(self._billed.input_tokens, self.known.input_tokens)

    @property
    def output_difference(self) -> int | None:
        """Tokens billed beyond those we counted."""
        return _difference(self._billed.output_tokens, self.known.output_tokens)

    def money_difference(self, currency: str) -> int | None:
        """Nano-dollars billed beyond what we counted; None in another currency, or where a price is unknown."""
        comparable = currency == DOLLARS and not self.known.unpriced
        return _difference(self._billed.amount, self.known.cost) if comparable else None

    def owing(self, currency: str) -> Owing | None:
        """Who owes; None where money cannot be compared."""
        difference, unknown = self.money_difference(currency), self.ours[Certainty.UNKNOWN]
        if difference is None:
            return None
        if abs(difference) <= TOLERANCE:
            return Owing.NOBODY
        if difference < 0:
            return Owing.US
        may_explain = unknown.calls and (unknown.unpriced or difference <= unknown.cost + TOLERANCE)
        return Owing.OPEN if may_explain else Owing.SUPPLIER

    @property
    def _billed(self) -> Billed:
        # What an invoice does not mention it bills at nothing.
        return Billed(0, 0, 0, 0) if self.billed is None else self.billed


def model_key(model: str) -> str:
    """A model's name without the date of its snapshot, in small letters: how invoices and listings meet."""
    return _SNAPSHOT.sub("", model.strip().lower())


def compared(invoice: Invoice, usage: Iterable[UsageSum]) -> list[Compared]:
    """The rows of the report, in order; what names a listing is matched before what does not."""
    rows = {what: Compared(what, billed) for what, billed in invoice.lines.items()}
    lines = _Lines(rows)
    for one in usage:
        model = model_key(one.model)
        what = lines.of(one, model) or BilledFor(one.day, one.day, model, one.listing)
        row = rows.get(what)
        if row is None:
            row = rows[what] = Compared(what, None)
        row.count(one)
    return [rows[what] for what in sorted(rows)]


class _Lines:
    """Lines of an invoice by model and listing, in the order of their days: those for the same never overlap."""

    def __init__(self, lines: Iterable[BilledFor]) -> None:
        self._in_order: dict[tuple[str, str], list[BilledFor]] = defaultdict(list)
        for line in sorted(lines):
            self._in_order[line.model, line.listing].append(line)

    def of(self, usage: UsageSum, model: str) -> BilledFor | None:
        """The line that bills a model's usage: one for its listing, else one for every listing."""
        found = (self._on(usage.day, model, listing) for listing in (usage.listing, ""))
        return next((line for line in found if line), None)

    def _on(self, day: date, model: str, listing: str) -> BilledFor | None:
        lines = self._in_order.get((model, listing), [])
        place = bisect_right(lines, day, key=lambda line: line.first_day)
        return lines[place - 1] if place and day <= lines[place - 1].last_day else None


def _sum(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _difference(billed: int | None, counted: int) -> int | None:
    return None if billed is None else billed - counted
