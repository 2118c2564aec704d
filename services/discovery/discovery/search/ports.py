"""The index as search sees it: one port, the same answers in process and on Elasticsearch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from discovery.indexing.document import ListingDocument
from discovery.indexing.ports import ListingSink
from discovery.indexing.rules import Viewer
from discovery.search.request import Facet, Position, SearchRequest


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of why a listing was found: `kind` is words, meaning, intent, popularity or state."""

    kind: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A found listing. `score` is what it was sorted by relevance with, 0 and up; higher is better."""

    document: ListingDocument
    score: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class FacetCount:
    """One value and how many hits carry it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class SearchReply:
    """A page of hits. `total` and `facets` count all hits; `next` is None on the last page.

    A facet's counts leave that facet's own filter aside, so that the other choices stay visible.
    `without_vectors` are the visible listings that pass the filters and could not be compared by meaning.
    """

    hits: tuple[Hit, ...] = ()
    total: int = 0
    next: Position | None = None
    facets: Mapping[Facet, tuple[FacetCount, ...]] = field(default_factory=dict[Facet, tuple[FacetCount, ...]])
    without_vectors: int = 0
    degraded_reason: str | None = None

    @property
    def degraded(self) -> bool:
        """Whether words alone answered, for all listings or for some."""
        return self.degraded_reason is not None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A completion: `kind` is name, category or tag; `count` is how many visible listings carry it."""

    text: str
    kind: str
    count: int


class ListingIndex(ListingSink, Protocol):
    """Text, vectors, filters, facets and suggestions. No answer ever holds what the viewer may not see."""

    async def search(self, request: SearchRequest, viewer: Viewer) -> SearchReply:
        """The hits of one page."""
        ...

    async def get(self, listing_id: str, viewer: Viewer) -> ListingDocument | None:
        """One listing, None where there is none that this viewer may see."""
        ...

    async def get_many(self, listing_ids: Sequence[str], viewer: Viewer) -> dict[str, ListingDocument]:
        """Listings by id, in one question; without those that this viewer may not see."""
        ...

    async def suggest(self, prefix: str, viewer: Viewer, limit: int) -> tuple[Suggestion, ...]:
        """What the person may be typing; a typo or two are forgiven in longer words."""
        ...
