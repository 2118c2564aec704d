"""Reports on large invoices: work that grows with their lines, done beside the event loop."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from consumption.invoices.actions import ReadReport
from consumption.invoices.ports import InvoiceEntry, Registered
from consumption.invoices.resolutions import UnknownCall
from consumption.invoices.rules import Billed, BilledFor, Certainty, Counted, Invoice, UsageSum, compared

DAYS, LISTINGS = 200, 10
FIRST = date(2026, 1, 1)


class CountedDay(date):
    """A day that counts how often one is held against another."""

    held = 0

    def __lt__(self, other: date) -> bool:
        CountedDay.held += 1
        return super().__lt__(other)

    def __le__(self, other: date) -> bool:
        CountedDay.held += 1
        return super().__le__(other)

    def __gt__(self, other: date) -> bool:
        CountedDay.held += 1
        return super().__gt__(other)

    def __ge__(self, other: date) -> bool:
        CountedDay.held += 1
        return super().__ge__(other)


class Usage(list[UsageSum]):
    """Sums that know in which thread they were read."""

    reader = 0

    def __iter__(self) -> Iterator[UsageSum]:
        self.reader = threading.get_ident()
        return super().__iter__()


@dataclass
class Kept:
    """One invoice, and what was counted beside it."""

    invoice: Invoice
    usage: Usage = field(default_factory=Usage)

    async def find(self, invoice_id: str) -> Registered:
        entry = InvoiceEntry(
            invoice_id, "", "USD", "2026-01-01", "2026-07-19", 1, "acc_1", datetime(2026, 8, 1, tzinfo=UTC)
        )
        return Registered(self.invoice, entry, was_known=True)

    async def sums(self, invoice: Invoice) -> list[UsageSum]:
        return self.usage

    async def unknown(self, invoice: Invoice, at_most: int) -> list[UnknownCall]:
        return []


def large() -> tuple[Invoice, Usage]:
    """A line for each day and listing of one model, and a call for each."""
    days = [CountedDay.fromordinal(FIRST.toordinal() + number) for number in range(DAYS)]
    whats = [BilledFor(day, day, "m", f"red/{number}") for day in days for number in range(LISTINGS)]
    invoice = Invoice(
        "inv_1", b"", "", "USD", FIRST, FIRST + timedelta(days=DAYS), dict.fromkeys(whats, Billed(amount=1))
    )
    return invoice, Usage(UsageSum(what.first_day, "M", what.listing, Certainty.SETTLED, Counted(1)) for what in whats)


def test_the_work_of_a_comparison_grows_with_its_lines_and_not_with_their_square() -> None:
    invoice, usage = large()
    CountedDay.held = 0
    rows = compared(invoice, usage)
    assert [row.known.calls for row in rows] == [1] * DAYS * LISTINGS
    # Sorted twice, then a few steps for each: of all lines against all calls there would be four million.
    assert CountedDay.held < 50 * DAYS * LISTINGS


async def test_a_report_is_made_beside_the_event_loop() -> None:
    kept = Kept(*large())
    report = await ReadReport(kept, kept)("inv_1")
    assert len(report.rows) == DAYS * LISTINGS
    assert kept.usage.reader not in (0, threading.get_ident())
