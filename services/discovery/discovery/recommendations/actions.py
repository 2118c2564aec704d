"""Deeds of recommendation."""

from dataclasses import dataclass

from discovery.indexing.document import ListingDocument
from discovery.indexing.errors import ListingNotFound
from discovery.indexing.rules import Viewer
from discovery.recommendations.rules import abilities, alikeness, likeness_query
from discovery.search.actions import Search
from discovery.search.ports import ListingIndex
from discovery.search.request import SearchRequest

_CANDIDATES = 60


@dataclass(frozen=True, slots=True)
class Alike:
    """A listing like another; `shared` is what both can do."""

    document: ListingDocument
    score: float
    shared: tuple[str, ...]


@dataclass(frozen=True)
class FindSimilar:
    """Listings that mean and can do much the same, among what the viewer may see."""

    index: ListingIndex
    search: Search

    async def __call__(self, listing_id: str, viewer: Viewer, limit: int) -> list[Alike]:
        """The most alike first. Raises ListingNotFound."""
        document = await self.index.get(listing_id, viewer)
        if document is None:
            raise ListingNotFound
        reply = await self.search(SearchRequest(likeness_query(document), limit=_CANDIDATES), viewer)
        others = [hit for hit in reply.hits if hit.document.id != listing_id]
        best = max((hit.score for hit in others), default=0.0) or 1.0
        alike = [
            Alike(
                hit.document,
                alikeness(hit.score / best, document, hit.document),
                tuple(sorted(abilities(document) & abilities(hit.document))),
            )
            for hit in others
        ]
        return sorted(alike, key=lambda one: (-one.score, one.document.id))[:limit]
