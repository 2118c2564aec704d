"""/api/v1/ledger/verification: whether the books of a month agree, for the platform's people."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from chassis.clock import Clock, rfc3339
from chassis.web.access import requires
from chassis.web.application import provided
from consumption.access import VERIFY_LEDGER
from consumption.budgets.rules import Month, dollars_of, month_of
from consumption.ledger.ports import LedgerReader
from consumption.ledger.rules import Break, Deviation, UnknownCall, Verification

router = APIRouter(prefix="/api/v1/ledger", tags=["ledger"])

MonthName = Annotated[
    str | None,
    Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="A calendar month, UTC, as 2026-11; else this one."),
]
_MONEY = ":nanodollars"


class DeviationView(BaseModel):
    """Where the books do not agree; amounts are tokens, rows, or US dollars as decimal strings."""

    kind: Break
    scope: str | None
    call_id: str | None
    expected: str
    found: str


class UnknownCallView(BaseModel):
    """A call whose end nobody saw, charged at what it reserved; amounts by scope, as those of deviations."""

    id: str
    team_id: str
    started_at: str
    listing: str
    charged: dict[str, str]


class VerificationView(BaseModel):
    """The books of a month. `holds`: no deviation; calls of unknown end are listed and are none."""

    holds: bool
    checked_at: str
    period_start: str
    period_end: str
    scopes: int
    calls: int
    deviations: list[DeviationView]
    more_deviations: bool
    unknown_calls: int
    unknown: list[UnknownCallView]


@router.get("/verification", dependencies=[requires(VERIFY_LEDGER)])
async def verify_ledger(
    ledger: Annotated[LedgerReader, Depends(provided("ledger_reader"))],
    clock: Annotated[Clock, Depends(provided("clock"))],
    month: MonthName = None,
) -> VerificationView:
    """Hold balances, leases and usage rows of a month against each other, as they stood at one moment."""
    now = clock.now()
    return _view(await ledger.verify(_month(month, now)), now)


def _month(name: str | None, now: datetime) -> Month:
    return month_of(datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC) if name else now)


def _view(found: Verification, now: datetime) -> VerificationView:
    return VerificationView(
        holds=found.holds,
        checked_at=rfc3339(now),
        period_start=rfc3339(found.month.start),
        period_end=rfc3339(found.month.end),
        scopes=found.scopes,
        calls=found.calls,
        deviations=[_deviation(one) for one in found.deviations],
        more_deviations=found.more_deviations,
        unknown_calls=found.unknown_calls,
        unknown=[_unknown(one) for one in found.unknown],
    )


def _deviation(one: Deviation) -> DeviationView:
    expected, found = (_amount(one.scope_id, amount) for amount in (one.expected, one.found))
    return DeviationView(kind=one.kind, scope=one.scope_id, call_id=one.call_id, expected=expected, found=found)


def _unknown(one: UnknownCall) -> UnknownCallView:
    charged = {scope: _amount(scope, amount) for scope, amount in one.reserved.items()}
    started = rfc3339(one.started_at)
    return UnknownCallView(
        id=one.call_id, team_id=one.team_id, started_at=started, listing=one.listing_name, charged=charged
    )


def _amount(scope_id: str | None, amount: int) -> str:
    return dollars_of(amount) if scope_id is not None and scope_id.endswith(_MONEY) else str(amount)
