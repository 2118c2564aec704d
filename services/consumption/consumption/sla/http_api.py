"""/api/v1/sla: how listings do, and what they are held to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from chassis.clock import rfc3339
from chassis.web.access import SIGNED_IN, Caller, requires
from chassis.web.application import provided
from consumption.access import SET_SLA
from consumption.sla.actions import ReadStanding, SetTargets
from consumption.sla.histograms import percentile_ms
from consumption.sla.ports import Standing
from consumption.sla.rules import WINDOWS, Breach, Metric, SlaListing, Tally, Targets, Window, meets

router = APIRouter(prefix="/api/v1/sla", tags=["sla"])

ListingId = Annotated[str, Path(pattern="^lst_[0-9a-f]{32}$", description="The listing's id.")]
_Latency = Annotated[float, Field(gt=0, le=3_600_000, strict=True, allow_inf_nan=False)]
_Rate = Annotated[float, Field(ge=0, le=1, strict=True, allow_inf_nan=False)]
_Percent = Annotated[float, Field(ge=0, le=100, strict=True, allow_inf_nan=False)]


class TargetsBody(BaseModel):
    """What a listing is held to; null: its publisher's promise, or nothing where there is none."""

    model_config = ConfigDict(extra="forbid")

    latency_p95_ms: _Latency | None = Field(description="95 of 100 calls that succeed take no longer, in milliseconds.")
    error_rate: _Rate | None = Field(description="No larger share, 0 to 1, of the calls fails by the vendor's fault.")
    uptime_percent: _Percent | None = Field(description="No smaller share, 0 to 100, of the minutes with calls is up.")

    def targets(self) -> Targets:
        """In the terms of the rules."""
        return {metric: figure for metric in Metric if (figure := getattr(self, metric.value)) is not None}


class Figures(BaseModel):
    """One figure for each thing that a listing can be held to; null: none."""

    latency_p95_ms: float | None
    error_rate: float | None
    uptime_percent: float | None


class Met(BaseModel):
    """Whether a target is kept; null: it is unknown, or there is none."""

    latency_p95_ms: bool | None
    error_rate: bool | None
    uptime_percent: bool | None


class Percentiles(BaseModel):
    """Milliseconds that so many of 100 calls did not pass; null: no calls."""

    p50: float | None
    p95: float | None
    p99: float | None


class Failures(BaseModel):
    """Calls that did not succeed, by whose fault; `limited` are those of the vendor's that it answered with 429."""

    caller: int
    vendor: int
    limited: int
    ours: int


class WindowView(BaseModel):
    """What was measured back from now. What no call tells of is null, never 0."""

    window: str
    seconds: int
    calls: int
    succeeded: int
    failed: Failures
    latency_ms: Percentiles
    first_byte_ms: Percentiles
    added_ms: float | None
    error_rate: float | None
    uptime_percent: float | None
    met: Met


class BreachView(BaseModel):
    """A time past a target; `ended_at` is null while it goes on."""

    id: str
    metric: Metric
    target: float
    measured: float
    window: str
    calls: int
    began_at: str
    ended_at: str | None


class StandingView(BaseModel):
    """How a listing does. `targets` are what holds: what was set, else what its publisher promised."""

    listing_id: str
    listing: str
    promised: Figures
    targets: Figures
    is_breached: bool
    windows: list[WindowView]
    breaches: list[BreachView]


@router.get("/{listing_id}", dependencies=[requires(SIGNED_IN)])
async def read_sla(
    caller: Caller, listing_id: ListingId, read: Annotated[ReadStanding, Depends(provided("read_standing"))]
) -> StandingView:
    """How a listing does over 5 minutes, an hour, a day and 30 days; its targets; its breaches, the open ones first."""
    return _view(await read(caller, listing_id))


@router.put("/{listing_id}/targets", dependencies=[requires(SET_SLA)])
async def set_targets(
    caller: Caller,
    listing_id: ListingId,
    body: TargetsBody,
    set_sla: Annotated[SetTargets, Depends(provided("set_targets"))],
) -> StandingView:
    """Say what a listing is held to: its own team's owners and admins, or the platform's admins."""
    return _view(await set_sla(caller, listing_id, body.targets()))


def _view(standing: Standing) -> StandingView:
    listing = standing.listing
    return StandingView(
        listing_id=listing.listing_id,
        listing=listing.full_name,
        promised=Figures(**{metric.value: listing.promised.get(metric) for metric in Metric}),
        targets=Figures(**{metric.value: listing.target(metric) for metric in Metric}),
        is_breached=any(breach.ended_at is None for breach in standing.breaches),
        windows=[_window(window, standing.tallies.get(window.name, Tally()), listing) for window in WINDOWS],
        breaches=[_breach(breach) for breach in standing.breaches],
    )


def _window(window: Window, tally: Tally, listing: SlaListing) -> WindowView:
    met = {metric.value: meets(metric, tally.measured(metric), listing.target(metric)) for metric in Metric}
    return WindowView(
        window=window.name,
        seconds=int(window.span.total_seconds()),
        calls=tally.calls,
        succeeded=tally.succeeded,
        failed=Failures(
            caller=tally.caller_faults, vendor=tally.vendor_faults, limited=tally.limited, ours=tally.our_faults
        ),
        latency_ms=_percentiles(tally.totals),
        first_byte_ms=_percentiles(tally.first_bytes),
        added_ms=_rounded(tally.added_ms),
        error_rate=_rounded(tally.error_rate, 6),
        uptime_percent=_rounded(tally.uptime_percent),
        met=Met(**met),
    )


def _percentiles(counts: Sequence[int]) -> Percentiles:
    p50, p95, p99 = (_rounded(percentile_ms(counts, share)) for share in (0.5, 0.95, 0.99))
    return Percentiles(p50=p50, p95=p95, p99=p99)


def _rounded(figure: float | None, digits: int = 3) -> float | None:
    return None if figure is None else round(figure, digits)


def _breach(breach: Breach) -> BreachView:
    return BreachView(
        id=breach.breach_id,
        metric=breach.metric,
        target=breach.target,
        measured=round(breach.measured, 6),
        window=breach.window,
        calls=breach.calls,
        began_at=rfc3339(breach.began_at),
        ended_at=_moment(breach.ended_at),
    )


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
