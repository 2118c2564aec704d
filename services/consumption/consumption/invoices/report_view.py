"""An invoice beside our books as people and spreadsheets see it; money is US dollars as decimal strings."""

from collections.abc import Iterable

from pydantic import BaseModel

from chassis.clock import rfc3339
from chassis.web.csv_text import csv_text
from consumption.budgets.rules import dollars_if_known, dollars_of
from consumption.invoices.actions import Report
from consumption.invoices.ports import InvoiceEntry
from consumption.invoices.resolutions import UnknownCall
from consumption.invoices.rules import Certainty, Compared, Counted, Owing


class InvoiceView(BaseModel):
    """An invoice; an empty `provider` stands for every vendor."""

    id: str
    provider: str
    currency: str
    first_day: str
    last_day: str
    lines: int
    uploaded_by: str
    uploaded_at: str


class InvoicePage(BaseModel):
    """Invoices, newest first."""

    items: list[InvoiceView]
    next_cursor: str | None


class BilledView(BaseModel):
    """What the supplier billed, in the invoice's currency; null: the file does not say."""

    requests: int | None
    input_tokens: int | None
    output_tokens: int | None
    amount: str | None


class CountedView(BaseModel):
    """What we counted. Of `unpriced` calls we do not know the cost, and it is not in `cost`."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost: str
    unpriced: int


class OursView(BaseModel):
    """By how well we know it; of unknown calls the tokens are an estimate of the prompt, the cost is what is held."""

    settled: CountedView
    estimated: CountedView
    unknown: CountedView


class DifferenceView(BaseModel):
    """Billed less what we settled and estimated; null where it cannot be told."""

    input_tokens: int | None
    output_tokens: int | None
    amount: str | None


class ListingShare(BaseModel):
    """What of it a listing's calls used, settled and estimated."""

    listing: str
    counted: CountedView


class RowView(BaseModel):
    """A model in a period; `billed` is null where the invoice does not mention what we counted.

    `owing`: nobody, the supplier (billed more than was used), us (billed less), open (calls of unknown end may account
    for it); null where money cannot be compared.
    """

    first_day: str
    last_day: str
    model: str
    listing: str | None
    billed: BilledView | None
    ours: OursView
    difference: DifferenceView
    owing: Owing | None
    by_listing: list[ListingShare]


class UnknownView(BaseModel):
    """A call whose end nobody saw: settle or release it by POST .../resolutions."""

    call_id: str
    started_at: str
    team_id: str
    listing: str
    version: str
    model: str
    estimated_prompt_tokens: int
    held: str | None


class ReportView(BaseModel):
    """An invoice beside our books as they are now. Of the unknown calls at most 1,000, the oldest first."""

    invoice: InvoiceView
    was_known: bool
    rows: list[RowView]
    unknown_calls: list[UnknownView]


def invoice_view(entry: InvoiceEntry) -> InvoiceView:
    """An invoice in a list."""
    return InvoiceView(
        id=entry.invoice_id,
        provider=entry.provider,
        currency=entry.currency,
        first_day=entry.first_day,
        last_day=entry.last_day,
        lines=entry.lines,
        uploaded_by=entry.uploaded_by,
        uploaded_at=rfc3339(entry.uploaded_at),
    )


def report_view(report: Report) -> ReportView:
    """The report as JSON."""
    currency = report.registered.invoice.currency
    return ReportView(
        invoice=invoice_view(report.registered.entry),
        was_known=report.registered.was_known,
        rows=[_row(row, currency) for row in report.rows],
        unknown_calls=[_unknown(call) for call in report.unknown],
    )


def report_json(report: Report) -> str:
    """The report as it is sent."""
    return report_view(report).model_dump_json()


def report_csv(report: Report) -> str:
    """The report's rows as CSV; what is unknown is empty."""
    return csv_text(list(_flat_names()), (_flat(row) for row in report_view(report).rows))


def _row(row: Compared, currency: str) -> RowView:
    what, billed = row.what, row.billed
    difference = row.money_difference(currency)
    return RowView(
        first_day=what.first_day.isoformat(),
        last_day=what.last_day.isoformat(),
        model=what.model,
        listing=what.listing or None,
        billed=None
        if billed is None
        else BilledView(
            requests=billed.requests,
            input_tokens=billed.input_tokens,
            output_tokens=billed.output_tokens,
            amount=dollars_if_known(billed.amount),
        ),
        ours=OursView(**{certainty.value: _counted(row.ours[certainty]) for certainty in Certainty}),
        difference=DifferenceView(
            input_tokens=row.input_difference,
            output_tokens=row.output_difference,
            amount=dollars_if_known(difference),
        ),
        owing=row.owing(currency),
        by_listing=[ListingShare(listing=name, counted=_counted(one)) for name, one in sorted(row.by_listing.items())],
    )


def _counted(counted: Counted) -> CountedView:
    return CountedView(
        calls=counted.calls,
        input_tokens=counted.input_tokens,
        output_tokens=counted.output_tokens,
        cost=dollars_of(counted.cost),
        unpriced=counted.unpriced,
    )


def _unknown(call: UnknownCall) -> UnknownView:
    return UnknownView(
        call_id=call.call_id,
        started_at=rfc3339(call.started_at),
        team_id=call.team_id,
        listing=call.listing_name,
        version=call.listing_version,
        model=call.model,
        estimated_prompt_tokens=call.prompt_tokens,
        held=dollars_if_known(call.reserved),
    )


def _flat(row: RowView) -> dict[str, object]:
    said = row.model_dump(mode="json", include={"first_day", "last_day", "model", "listing", "owing"})
    parts: list[tuple[str, BaseModel | None]] = [("billed", row.billed), ("difference", row.difference)]
    parts += [(certainty.value, getattr(row.ours, certainty.value)) for certainty in Certainty]
    for name, part in parts:
        if part is not None:
            said |= {f"{name}_{key}": value for key, value in part.model_dump().items()}
    return said


def _flat_names() -> Iterable[str]:
    yield from ("first_day", "last_day", "model", "listing")
    yield from (f"billed_{name}" for name in BilledView.model_fields)
    for certainty in Certainty:
        yield from (f"{certainty.value}_{name}" for name in CountedView.model_fields)
    yield from (f"difference_{name}" for name in DifferenceView.model_fields)
    yield "owing"
