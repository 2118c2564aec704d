"""What can be done with figures: add usage and listing states as they are heard of, and read them."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from admin.analytics.histogram import percentile_milliseconds
from admin.analytics.ports import Dimension, FigureStore, ListingState, Slice
from admin.analytics.rules import Period, UsageSums, added_up, last_days
from admin.approvals.rules import PENDING
from admin.teams.errors import TeamNotFound
from admin.work import OpenWork, Work
from chassis.database.transaction import Transaction
from marketplace.events.v1.usage_pb2 import UsageRow


@dataclass(frozen=True)
class Latency:
    """Milliseconds that half and 95 % of the calls did not pass; None without calls."""

    p50: float | None
    p95: float | None


@dataclass(frozen=True)
class Metrics:
    """One period's figures."""

    period: Period
    total: UsageSums
    latency: Latency
    by_listing: list[tuple[Slice, Latency]]
    by_team: list[Slice]
    listings_by_state: dict[str, int]
    pending_approvals: int


@dataclass(frozen=True)
class TeamUsage:
    """One team's figures."""

    period: Period
    total: UsageSums
    by: dict[Dimension, list[Slice]]


@dataclass(frozen=True)
class RecordUsage:
    """Add a batch of calls to the figures, in the transaction of the reader's cursor."""

    figures_in: Callable[[Transaction], FigureStore]

    async def __call__(self, transaction: Transaction, rows: Iterable[UsageRow]) -> None:
        """Each batch is handed over once."""
        await self.figures_in(transaction).add_usage(added_up(rows))


@dataclass(frozen=True)
class RecordListing:
    """Keep the newest state of a listing."""

    figures_in: Callable[[Transaction], FigureStore]

    async def __call__(self, transaction: Transaction, listing: ListingState) -> None:
        """An older revision changes nothing."""
        await self.figures_in(transaction).put_listing(listing)


@dataclass(frozen=True)
class ReadMetrics:
    """Read the figures of the last days, of one team or of all."""

    open_work: OpenWork

    async def __call__(self, days: int, tenant: str | None, team_id: str | None) -> Metrics:
        """`tenant` bounds what can be seen, `team_id` what is wanted."""
        async with self.open_work(tenant) as work:
            period = last_days(work.now, days)
            latencies = await work.figures.latencies(period, team_id)
            everything: Counter[int] = Counter()
            for counts in latencies.values():
                everything.update(counts)
            by_listing = await work.figures.slices(Dimension.LISTING, period, team_id)
            return Metrics(
                period=period,
                total=await _total(work, period, team_id),
                latency=_latency(everything),
                by_listing=[(one, _latency(latencies.get(one.identity, {}))) for one in by_listing],
                by_team=await work.figures.slices(Dimension.TEAM, period, team_id),
                listings_by_state=await work.figures.listings_by_state(team_id),
                pending_approvals=await work.approvals.count(PENDING, team_id),
            )


@dataclass(frozen=True)
class ReadTrends:
    """Read the figures day by day; a day without calls is there too."""

    open_work: OpenWork

    async def __call__(self, days: int, tenant: str | None, team_id: str | None) -> list[Slice]:
        """Oldest day first."""
        async with self.open_work(tenant) as work:
            return await _by_day(work, last_days(work.now, days), team_id)


@dataclass(frozen=True)
class ReadTeamUsage:
    """Read what one team used, by day, listing, person, key, model and provider."""

    open_work: OpenWork

    async def __call__(self, team_id: str, days: int, tenant: str | None) -> TeamUsage:
        """Raises TeamNotFound."""
        dimensions = (Dimension.LISTING, Dimension.ACCOUNT, Dimension.KEY, Dimension.MODEL, Dimension.PROVIDER)
        async with self.open_work(tenant) as work:
            if await work.teams.find(team_id) is None:
                raise TeamNotFound("There is no such team among those you may see.")
            period = last_days(work.now, days)
            by = {one: await work.figures.slices(one, period, team_id) for one in dimensions}
            by[Dimension.DAY] = await _by_day(work, period, team_id)
            return TeamUsage(period, await _total(work, period, team_id), by)


async def _total(work: Work, period: Period, team_id: str | None) -> UsageSums:
    slices = await work.figures.slices(Dimension.TOTAL, period, team_id)
    return slices[0].sums if slices else UsageSums()


async def _by_day(work: Work, period: Period, team_id: str | None) -> list[Slice]:
    found = {one.identity: one for one in await work.figures.slices(Dimension.DAY, period, team_id)}
    days = [day.isoformat() for day in period.days]
    return [found.get(day, Slice(day, day, UsageSums())) for day in days]


def _latency(counts: dict[int, int]) -> Latency:
    return Latency(percentile_milliseconds(counts, 0.5), percentile_milliseconds(counts, 0.95))
