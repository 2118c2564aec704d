"""/api/v1/invoices: suppliers' invoices beside our books, and decisions by them. For the platform's admins."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chassis.errors import InvalidInput
from chassis.web.access import Caller, requires
from chassis.web.application import provided
from chassis.web.pages import Cursors, PageCursor, PageLimit
from chassis.web.problems import PROBLEM_CONTENT
from chassis.web.sent_values import TAKEN_WHOLE
from consumption.access import RECONCILE
from consumption.budgets.rules import nanodollars_of
from consumption.budgets.sent_amounts import Dollars
from consumption.invoices.actions import ReadReport, RegisterInvoice, Report, ResolveCalls
from consumption.invoices.errors import InvoiceTypeRefused
from consumption.invoices.ports import InvoiceStore
from consumption.invoices.report_view import InvoicePage, ReportView, invoice_view, report_csv, report_json
from consumption.invoices.resolutions import Decision
from consumption.invoices.resolutions_view import ResolutionsView, resolutions_view
from dataplane.usage import MOST_TOKENS_BELIEVED

router = APIRouter(prefix="/api/v1/invoices", tags=["invoices"])

MAX_FILE_BYTES = 8 * 1024 * 1024
InvoiceId = Annotated[str, Path(pattern="^inv_[0-9a-f]{32}$", description="The invoice's id.")]
Provider = Annotated[
    str,
    Query(
        pattern="^[a-z0-9.-]{0,253}$",
        description="Host of the supplier's endpoint, as in usage; else every vendor's calls to the models it names.",
    ),
]
_Tokens = Annotated[int, Field(ge=0, le=MOST_TOKENS_BELIEVED, strict=True), TAKEN_WHOLE]
_CallId = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{1,100}$")]
_CSV: dict[str, Any] = {
    "required": True,
    "description": "A header, then a line for each model and day (2026-11-30, UTC) or month (2026-11): period, model,"
    " listing?, requests?, input_tokens, output_tokens, amount, currency (USD if left out). Columns as the common"
    " suppliers' exports call them are known, others are left aside; lines for the same are summed. Figures are"
    " plain: no separators, no exponent. UTF-8, at most 8 MiB and 50,000 lines.",
    "content": {"text/csv": {"schema": {"type": "string"}}},
}
_REPORTS: dict[int | str, dict[str, Any]] = {
    200: {"model": ReportView, "description": "The same file was there before"},
    415: {"description": "The body is not declared as CSV", "content": PROBLEM_CONTENT},
}
_CSV_REPORT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


class DecisionBody(BaseModel):
    """A call of unknown end: settled at what was billed for it, or released because nothing was.

    `cost` is US dollars as a decimal string; left out, it is what the price book says.
    """

    model_config = ConfigDict(extra="forbid")

    call_id: _CallId
    decision: Literal["settle", "release"]
    prompt_tokens: _Tokens = 0
    completion_tokens: _Tokens = 0
    cost: Dollars | None = None

    def decided(self) -> Decision:
        """In the terms of the rules. Raises InvalidInput."""
        is_settled = self.decision == "settle"
        if not is_settled and (self.prompt_tokens or self.completion_tokens or self.cost is not None):
            raise InvalidInput(f"{self.call_id}: a released call used and cost nothing.")
        cost = None if self.cost is None else nanodollars_of(self.cost)
        return Decision(self.call_id, is_settled, self.prompt_tokens, self.completion_tokens, cost)


class Decisions(BaseModel):
    """Decisions that are kept all together, or not at all."""

    model_config = ConfigDict(extra="forbid")

    calls: Annotated[list[DecisionBody], Field(min_length=1, max_length=500)]

    def decided(self) -> list[Decision]:
        """In the terms of the rules. Raises InvalidInput."""
        if len({one.call_id for one in self.calls}) < len(self.calls):
            raise InvalidInput("Name each call once.")
        return [one.decided() for one in self.calls]


@router.post(
    "",
    status_code=201,
    dependencies=[requires(RECONCILE)],
    response_model=ReportView,
    responses=_REPORTS,
    openapi_extra={"requestBody": _CSV},
    max_body_size=MAX_FILE_BYTES,
)
async def register_invoice(
    caller: Caller,
    request: Request,
    register: Annotated[RegisterInvoice, Depends(provided("register_invoice"))],
    provider: Provider = "",
) -> Response:
    """Hold a supplier's invoice against our books; the same file again is the same invoice (200)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
        raise InvoiceTypeRefused("Send the invoice as text/csv.")
    report = await register(caller, provider, request.stream())
    return await _written(report, status=200 if report.registered.was_known else 201)


@router.get("", dependencies=[requires(RECONCILE)])
async def list_invoices(
    store: Annotated[InvoiceStore, Depends(provided("invoice_store"))],
    cursors: Annotated[Cursors, Depends(provided("cursors"))],
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> InvoicePage:
    """Suppliers' invoices, newest first."""
    bound = {"list": "invoices"}
    after = _place(cursors.open(cursor, bound)) if cursor else None
    found = await store.page(after, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    following = cursors.sign([last.uploaded_at.isoformat(), last.invoice_id], bound) if last else None
    return InvoicePage(items=[invoice_view(one) for one in found[:limit]], next_cursor=following)


@router.get("/{invoice_id}", dependencies=[requires(RECONCILE)], response_model=ReportView, responses=_CSV_REPORT)
async def read_invoice(
    invoice_id: InvoiceId,
    read: Annotated[ReadReport, Depends(provided("read_report"))],
    format: Annotated[Literal["json", "csv"], Query(description="As JSON, or its rows as CSV.")] = "json",  # noqa: A002
) -> Response:
    """An invoice beside our books as they are now."""
    return await _written(await read(invoice_id), as_csv=format == "csv")


@router.post("/{invoice_id}/resolutions", dependencies=[requires(RECONCILE)])
async def resolve_calls(
    caller: Caller,
    invoice_id: InvoiceId,
    decisions: Decisions,
    resolve: Annotated[ResolveCalls, Depends(provided("resolve_calls"))],
) -> ResolutionsView:
    """Settle or release calls of unknown end: all of them or none, each once; the same again is answered the same."""
    return resolutions_view(await resolve(caller, invoice_id, decisions.decided()))


async def _written(report: Report, *, status: int = 200, as_csv: bool = False) -> Response:
    # Of 50,000 lines it takes seconds, in which every other request would wait.
    text = await asyncio.to_thread(report_csv if as_csv else report_json, report)
    return Response(text, status, media_type="text/csv" if as_csv else "application/json")


def _place(parts: list[str | int | float]) -> tuple[datetime, str]:
    return datetime.fromisoformat(str(parts[0])), str(parts[1])
