"""The HTTP door of the figures: /dashboard, and the usage of one team."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from admin.access import FIGURES_READ, reach_of
from admin.analytics.actions import Latency, Metrics, ReadMetrics, ReadTeamUsage, ReadTrends
from admin.analytics.ports import Dimension, Slice
from admin.analytics.rules import Period, UsageSums, dollars
from admin.fields import Answer, Days, TeamId, TeamQuery
from chassis.web.access import Caller, requires
from chassis.web.application import provided

router = APIRouter(prefix="/dashboard", tags=["figures"])
team_router = APIRouter(prefix="/api/v1/teams", tags=["figures"])


class PeriodBody(Answer):
    """Whole days in UTC, both ends included."""

    first: str
    last: str


class SumsBody(Answer):
    """Sums over calls. The cost is of the priced calls; null where no call has a price."""

    calls: int
    failed_calls: int
    estimated_calls: int
    unknown_calls: int
    unpriced_calls: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cost_usd: str | None
    cost_nanodollars: int | None
    duration_microseconds: int
    error_rate: float | None


class SliceBody(SumsBody):
    """The figures of one day, team, listing, person, key, model or provider."""

    id: str
    name: str


class LatencyBody(Answer):
    """Milliseconds that half and 95 % of the calls did not pass."""

    p50: float | None
    p95: float | None


class ListingSliceBody(SliceBody):
    """The figures of one listing."""

    latency_ms: LatencyBody


class MetricsBody(SumsBody):
    """One period's figures."""

    period: PeriodBody
    latency_ms: LatencyBody
    by_listing: list[ListingSliceBody]
    by_team: list[SliceBody]
    listings_by_state: dict[str, int]
    pending_approvals: int


class TrendsBody(Answer):
    """Day by day, oldest first."""

    items: list[SliceBody]


class TeamUsageBody(SumsBody):
    """One team's figures."""

    team_id: str
    period: PeriodBody
    by_day: list[SliceBody]
    by_listing: list[SliceBody]
    by_user: list[SliceBody]
    by_key: list[SliceBody]
    by_model: list[SliceBody]
    by_provider: list[SliceBody]


@router.get("/metrics", dependencies=[requires(FIGURES_READ)])
async def read_dashboard(
    caller: Caller,
    read: Annotated[ReadMetrics, Depends(provided("read_metrics"))],
    days: Days = 30,
    team_id: TeamQuery = None,
) -> MetricsBody:
    """The figures of the last days: of the own team, or of all for the platform's people."""
    return _metrics(await read(days, reach_of(caller, FIGURES_READ), team_id))


@router.get("/trends", dependencies=[requires(FIGURES_READ)])
async def read_trends(
    caller: Caller,
    read: Annotated[ReadTrends, Depends(provided("read_trends"))],
    days: Days = 30,
    team_id: TeamQuery = None,
) -> TrendsBody:
    """The figures day by day; a day without calls is there too."""
    return TrendsBody(items=_slices(await read(days, reach_of(caller, FIGURES_READ), team_id)))


@team_router.get("/{team_id}/usage", dependencies=[requires(FIGURES_READ)])
async def read_team_usage(
    team_id: TeamId,
    caller: Caller,
    read: Annotated[ReadTeamUsage, Depends(provided("read_team_usage"))],
    days: Days = 30,
) -> TeamUsageBody:
    """What one team used, by day, listing, person, key, model and provider."""
    usage = await read(team_id, days, reach_of(caller, FIGURES_READ))
    return TeamUsageBody(
        **_sums(usage.total),
        team_id=team_id,
        period=_period(usage.period),
        by_day=_slices(usage.by[Dimension.DAY]),
        by_listing=_slices(usage.by[Dimension.LISTING]),
        by_user=_slices(usage.by[Dimension.ACCOUNT]),
        by_key=_slices(usage.by[Dimension.KEY]),
        by_model=_slices(usage.by[Dimension.MODEL]),
        by_provider=_slices(usage.by[Dimension.PROVIDER]),
    )


def _metrics(metrics: Metrics) -> MetricsBody:
    return MetricsBody(
        **_sums(metrics.total),
        period=_period(metrics.period),
        latency_ms=LatencyBody.model_validate(metrics.latency),
        by_listing=[_listing_slice(one, latency) for one, latency in metrics.by_listing],
        by_team=_slices(metrics.by_team),
        listings_by_state=metrics.listings_by_state,
        pending_approvals=metrics.pending_approvals,
    )


def _listing_slice(one: Slice, latency: Latency) -> ListingSliceBody:
    return ListingSliceBody(**_slice(one).model_dump(), latency_ms=LatencyBody.model_validate(latency))


def _slices(slices: list[Slice]) -> list[SliceBody]:
    return [_slice(one) for one in slices]


def _slice(one: Slice) -> SliceBody:
    return SliceBody(**_sums(one.sums), id=one.identity, name=one.name)


def _sums(sums: UsageSums) -> dict[str, Any]:
    return {
        **vars(sums),
        "total_tokens": sums.prompt_tokens + sums.completion_tokens,
        "cost_usd": dollars(sums.known_cost),
        "cost_nanodollars": sums.known_cost,
        "error_rate": sums.error_rate,
    }


def _period(period: Period) -> PeriodBody:
    return PeriodBody(first=period.first.isoformat(), last=period.last.isoformat())
