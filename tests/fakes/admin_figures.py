"""Admin's daily figures in memory."""

from collections import Counter
from dataclasses import dataclass, field

from admin.analytics.ports import Dimension, ListingState, Slice
from admin.analytics.rules import LatencyKey, Period, UsageBatch, UsageKey, UsageSums

_FIELD = {
    Dimension.DAY: "day",
    Dimension.TEAM: "team_id",
    Dimension.LISTING: "listing_id",
    Dimension.ACCOUNT: "account_id",
    Dimension.KEY: "key_id",
    Dimension.MODEL: "model",
    Dimension.PROVIDER: "provider",
}


@dataclass
class FakeFigures:
    """Sums by day, as the tables keep them."""

    sums: dict[UsageKey, UsageSums] = field(default_factory=dict[UsageKey, UsageSums])
    steps: Counter[LatencyKey] = field(default_factory=Counter[LatencyKey])
    listings: dict[str, ListingState] = field(default_factory=dict[str, ListingState])

    async def add_usage(self, batch: UsageBatch) -> None:
        for key, sums in batch.sums.items():
            self.sums[key] = self.sums.get(key, UsageSums()) + sums
        self.steps.update(batch.latencies)

    async def put_listing(self, listing: ListingState) -> None:
        there = self.listings.get(listing.listing_id)
        if there is None or there.revision < listing.revision:
            self.listings[listing.listing_id] = listing

    async def slices(self, by: Dimension, period: Period, team_id: str | None) -> list[Slice]:
        found: dict[str, UsageSums] = {}
        for key, sums in self.sums.items():
            if period.first <= key.day <= period.last and team_id in {None, key.team_id}:
                identity = str(getattr(key, _FIELD[by])) if by in _FIELD else ""
                found[identity] = found.get(identity, UsageSums()) + sums
        return [Slice(identity, identity, sums) for identity, sums in sorted(found.items())]

    async def latencies(self, period: Period, team_id: str | None) -> dict[str, dict[int, int]]:
        found: dict[str, dict[int, int]] = {}
        for key, calls in self.steps.items():
            if period.first <= key.day <= period.last and team_id in {None, key.team_id}:
                counts = found.setdefault(key.listing_id, {})
                counts[key.step] = counts.get(key.step, 0) + calls
        return found

    async def listings_by_state(self, team_id: str | None) -> dict[str, int]:
        return dict(Counter(one.state for one in self.listings.values() if team_id in {None, one.team_id}))
