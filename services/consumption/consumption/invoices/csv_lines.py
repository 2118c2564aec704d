"""An invoice read as its bytes come: one record at a time, bounded, summed up, never the whole file in memory."""

import codecs
import csv
import hashlib
import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from consumption.invoices.columns import places_of
from consumption.invoices.errors import InvoiceRefused
from consumption.invoices.rules import DOLLARS, Billed, BilledFor, model_key

MAX_LINES = 50_000
MAX_RECORD = 16 * 1024
LONGEST_SPAN = timedelta(days=400)
_MOST = 2**53
# Lines for the same are summed, and their sums kept as whole numbers of 64 bits.
_MOST_IN_SUM = 2**62
_YEARS = range(2000, 2101)
_LONGEST_NAME = 300
_NANO = 1_000_000_000
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|\+00:?00| ?UTC)?)?", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_COUNT = re.compile(r"\d{1,16}(\.0+)?", re.ASCII)
_AMOUNT = re.compile(r"([+-]?)(?=\.?\d)(\d{0,16})(?:\.(\d*))?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True)
class ReadInvoice:
    """What a file says: `lines` records, summed up by what they bill; the SHA-256 of its bytes."""

    digest: bytes
    currency: str
    first_day: date
    last_day: date
    lines: int
    billed: dict[BilledFor, Billed]


@dataclass
class InvoiceReader:
    """Feed it the bytes of a file in UTF-8, then finish. Every method raises InvoiceRefused."""

    _digest: Any = field(default_factory=hashlib.sha256)
    _decoder: codecs.IncrementalDecoder = field(default_factory=codecs.getincrementaldecoder("utf-8-sig"))
    _text: str = ""
    _record: str = ""
    _line: int = 0
    _places: dict[str, int] = field(default_factory=dict[str, int])
    _named: int = 0
    _width: int = 0
    _lines: int = 0
    _currency: str = ""
    _billed: dict[BilledFor, Billed] = field(default_factory=dict[BilledFor, Billed])

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._digest.update(data)
        self._take(self._decoded(data, False))

    def finish(self) -> ReadInvoice:
        """The whole, now that all bytes came."""
        self._take(self._decoded(b"", True) + "\n")
        if self._record:
            raise InvoiceRefused(f"Line {self._line}: a quote is never closed.")
        if not self._billed:
            raise InvoiceRefused("The file has no line after its header.")
        first = min(what.first_day for what in self._billed)
        last = max(what.last_day for what in self._billed)
        if last - first > LONGEST_SPAN:
            raise InvoiceRefused(f"An invoice spans at most {LONGEST_SPAN.days} days.")
        _refuse_overlaps(self._billed)
        return ReadInvoice(
            *(self._digest.digest(), self._currency or DOLLARS, first, last, self._lines), billed=self._billed
        )

    def _decoded(self, data: bytes, final: bool) -> str:
        try:
            return self._decoder.decode(data, final)
        except UnicodeDecodeError:
            raise InvoiceRefused(f"After line {self._line}: the file is not in UTF-8.") from None

    def _take(self, text: str) -> None:
        self._text += text
        *whole, self._text = self._text.split("\n")
        for line in whole:
            self._take_line(line)
        if len(self._text) > MAX_RECORD:
            raise InvoiceRefused(f"Line {self._line + 1}: longer than {MAX_RECORD} letters.")

    def _take_line(self, line: str) -> None:
        self._line += 1
        self._record += line.removesuffix("\r")
        if len(self._record) > MAX_RECORD:
            raise InvoiceRefused(f"Line {self._line}: longer than {MAX_RECORD} letters.")
        if self._record.count('"') % 2:
            self._record += "\n"
            return
        record, self._record = self._record, ""
        if record.strip():
            self._take_record(_fields(record, self._line))

    def _take_record(self, fields: list[str]) -> None:
        if not self._places:
            self._places, self._named, self._width = places_of(fields), _filled(fields), len(fields)
            return
        self._lines += 1
        if self._lines > MAX_LINES:
            raise InvoiceRefused(f"An invoice has at most {MAX_LINES} lines.")
        # Columns without a name may be left out, or be empty; more than the header has tell of a figure cut in two.
        if not _filled(fields) <= self._named <= len(fields) <= self._width:
            raise InvoiceRefused(
                f"Line {self._line}: {len(fields)} fields, and the header has {self._width}: write figures without"
                " separators, and quote names that have commas in them.",
                line=self._line,
            )
        row = _Row({name: fields[place].strip() for name, place in self._places.items()}, self._line)
        self._keep_currency(row)
        self._sum_up(row)

    def _sum_up(self, row: "_Row") -> None:
        what, total = row.what(), row.billed()
        if what in self._billed:
            total += self._billed[what]
        for column in ("requests", "input_tokens", "output_tokens", "amount"):
            if abs(getattr(total, column) or 0) > _MOST_IN_SUM:
                raise row.refused(column, "is too large, alone or with the lines before for the same")
        self._billed[what] = total

    def _keep_currency(self, row: "_Row") -> None:
        currency = row.currency()
        if self._currency and currency != self._currency:
            raise row.refused("currency", f"is {currency}, and {self._currency} before: an invoice has one")
        self._currency = currency


@dataclass(frozen=True)
class _Row:
    values: dict[str, str]
    line: int

    def refused(self, column: str, said: str) -> InvoiceRefused:
        return InvoiceRefused(f"Line {self.line}: the {column} {said}.", line=self.line, column=column)

    def what(self) -> BilledFor:
        model, listing = self._name("model"), self._name("listing")
        if not model:
            raise self.refused("model", "is empty")
        return BilledFor(*self._period(), model_key(model), listing)

    def billed(self) -> Billed:
        counts = [self._count(name) for name in ("requests", "input_tokens", "output_tokens")]
        return Billed(*counts, amount=self._amount())

    def currency(self) -> str:
        currency = self.values.get("currency", "").upper() or DOLLARS
        if not _CURRENCY.fullmatch(currency):
            raise self.refused("currency", "is three letters, such as USD")
        return currency

    def _name(self, column: str) -> str:
        name = self.values.get(column, "")
        if len(name) > _LONGEST_NAME or not name.isprintable():
            raise self.refused(column, f"is at most {_LONGEST_NAME} printable letters")
        return name

    def _period(self) -> tuple[date, date]:
        said = self.values.get("period", "")
        period = _period(said)
        if period is None:
            raise self.refused("day", "is one such as 2026-11-30, in UTC, or a month such as 2026-11")
        if period[0].year not in _YEARS:
            raise self.refused("day", f"is of a year from {_YEARS[0]} to {_YEARS[-1]}")
        return period

    def _count(self, column: str) -> int | None:
        said = self.values.get(column, "")
        if not said:
            return None
        if not _COUNT.fullmatch(said) or (count := int(said.partition(".")[0])) > _MOST:
            raise self.refused(column, "is a whole number, without separators")
        return count

    def _amount(self) -> int | None:
        said = self.values.get("amount", "").removeprefix("$")
        if not said:
            return None
        found = _AMOUNT.fullmatch(said)
        if found is None:
            raise self.refused("amount", "is a decimal number such as 12.5, without separators or exponent")
        return _nano(*found.groups(default=""))


def _nano(sign: str, whole: str, fraction: str) -> int:
    """Billionths, rounded half-up, whatever the number of digits."""
    nano = int(whole or "0") * _NANO + int(fraction[:9].ljust(9, "0")) + (fraction[9:10] >= "5")
    return -nano if sign == "-" else nano


def _period(said: str) -> tuple[date, date] | None:
    day, month = _DAY.fullmatch(said), _MONTH.fullmatch(said)
    try:
        if day:
            return (only := date.fromisoformat(day[1])), only
        if month:
            year, number = int(month[1]), int(month[2])
            return date(year, number, 1), date(year, number, monthrange(year, number)[1])
    except ValueError:
        return None
    return None


def _filled(fields: list[str]) -> int:
    """How many fields there are up to the last one that says something."""
    return max((place for place, said in enumerate(fields, 1) if said.strip()), default=0)


def _fields(record: str, line: int) -> list[str]:
    try:
        return next(csv.reader([record], strict=True))
    except (csv.Error, StopIteration):
        raise InvoiceRefused(f"Line {line}: the quotes are not those of CSV.") from None


def _refuse_overlaps(billed: dict[BilledFor, Billed]) -> None:
    """A model's month and a day of it would count what we used twice."""
    before: BilledFor | None = None
    for what in sorted(billed, key=lambda what: (what.model, what.listing, what.first_day, what.last_day)):
        is_same = before is not None and (before.model, before.listing) == (what.model, what.listing)
        if is_same and before is not None and what.first_day <= before.last_day:
            raise InvoiceRefused(f"The model {what.model!r} is billed by month and by day of it: keep to one.")
        before = what
