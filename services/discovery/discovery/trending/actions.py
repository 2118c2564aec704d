"""Deeds of trending: name the listings that are used most lately."""

from dataclasses import dataclass

from chassis.clock import Clock
from discovery.indexing.document import ListingDocument
from discovery.indexing.rules import Viewer
from discovery.search.filters import Filters
from discovery.search.ports import ListingIndex
from discovery.search.request import SearchRequest, Sort
from discovery.trending.ports import RecentUse, UseReader
from discovery.trending.rules import Window, trend

_NEWCOMERS = 50


@dataclass(frozen=True, slots=True)
class Trend:
    """A listing, its trend, and its calls and looks in the window."""

    document: ListingDocument
    score: float
    uses: float


@dataclass(frozen=True)
class FindTrending:
    """The most used of a window among what the viewer may see; newcomers that can be called get a fair start."""

    use: UseReader
    index: ListingIndex
    clock: Clock

    async def __call__(self, window: Window, category: str | None, viewer: Viewer, limit: int) -> list[Trend]:
        """The highest trend first."""
        now = self.clock.now()
        used = {recent.listing_id: recent for recent in await self.use.busiest(window, viewer, now)}
        known = await self.index.get_many(list(used), viewer)
        for document in await self._newcomers(category, viewer):
            if now - document.updated_at <= window.span and document.callable:
                known.setdefault(document.id, document)
        trends: list[Trend] = []
        for document in known.values():
            if category is None or document.category.casefold() == category.casefold():
                recent = used.get(document.id, RecentUse(document.id, 0.0, 0.0))
                score = trend(recent.decayed, now - document.updated_at, window)
                trends.append(Trend(document, round(score, 4), round(recent.plain, 1)))
        return sorted(trends, key=lambda one: (-one.score, one.document.id))[:limit]

    async def _newcomers(self, category: str | None, viewer: Viewer) -> list[ListingDocument]:
        filters = Filters(category=(category,) if category else ())
        request = SearchRequest(filters=filters, sort=Sort.NEWEST, limit=_NEWCOMERS)
        return [hit.document for hit in (await self.index.search(request, viewer)).hits]
