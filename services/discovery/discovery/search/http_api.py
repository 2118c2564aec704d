"""POST /api/v1/search."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, JsonValue, WithJsonSchema

from chassis.web.access import requires
from chassis.web.application import provided
from chassis.web.pages import MAX_CURSOR_BYTES, Cursors
from chassis.web.sent_values import TAKEN_WHOLE
from discovery.access import BROWSE
from discovery.indexing.rules import Viewer
from discovery.search.actions import Search
from discovery.search.cards import ListingCard
from discovery.search.filters_openapi import FILTERS_SCHEMA
from discovery.search.filters_parsing import filters_from
from discovery.search.ports import Hit, SearchReply
from discovery.search.request import MAX_LIMIT, MAX_QUERY_LENGTH, Facet, Position, SearchRequest, Sort
from discovery.signals import SearchMetrics
from discovery.viewers import TOKEN_OPTIONAL, CurrentViewer

router = APIRouter(prefix="/api/v1", tags=["search"])

FilterMap = Annotated[dict[str, JsonValue], WithJsonSchema(FILTERS_SCHEMA)]


class SearchBody(BaseModel):
    """What is looked for; an empty query finds all that passes the filters."""

    model_config = ConfigDict(extra="forbid", strict=True)

    query: str = Field("", max_length=MAX_QUERY_LENGTH, pattern=r"^[^\x00]*$", examples=["translate legal letters"])
    filters: FilterMap = Field(default_factory=dict)
    sort: Annotated[Sort, Field(strict=False)] = Sort.RELEVANCE
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT), TAKEN_WHOLE] = 20
    cursor: str | None = Field(None, max_length=MAX_CURSOR_BYTES, description="`next_cursor` of the page before.")
    facets: list[Annotated[Facet, Field(strict=False)]] = Field(default_factory=list[Facet], max_length=len(Facet))
    explain: bool = Field(False, description="Also say how much each reason weighs.")


class ReasonView(BaseModel):
    """Why a listing was found; `score` only with `explain`."""

    kind: Literal["words", "meaning", "intent", "popularity", "state"]
    text: str
    score: float | None = None


class HitView(ListingCard):
    """A listing that was found; higher scores are better."""

    score: float
    reasons: list[ReasonView]


class FacetValue(BaseModel):
    """A value and how many hits carry it."""

    value: str
    count: int


class SearchAnswer(BaseModel):
    """One page. `total` and `facets` count all hits; `degraded`: words alone answered for all or some listings."""

    hits: list[HitView]
    total: int
    next_cursor: str | None
    facets: dict[str, list[FacetValue]]
    degraded: bool
    degraded_reason: str | None = Field(None, description="Why the meaning of all or some could not be compared.")


@router.post("/search", dependencies=[requires(BROWSE)], openapi_extra=TOKEN_OPTIONAL)
async def search(
    body: SearchBody,
    viewer: CurrentViewer,
    find: Annotated[Search, Depends(provided("search"))],
    cursors: Annotated[Cursors, Depends(provided("cursors"))],
    metrics: Annotated[SearchMetrics, Depends(provided("search_metrics"))],
) -> SearchAnswer:
    """Find listings by words, meaning and filters among those that the caller may see."""
    with metrics.search() as running:
        bound = _bound(body, viewer)
        after = _position(cursors.open(body.cursor, bound)) if body.cursor else None
        request = SearchRequest(
            query=body.query,
            filters=filters_from(body.filters),
            sort=body.sort,
            limit=body.limit,
            after=after,
            facets=tuple(body.facets),
        )
        reply = await find(request, viewer)
        running.answered(degraded=reply.degraded)
    following = cursors.sign(_place(reply.next), bound) if reply.next else None
    return _answer(reply, following, explain=body.explain)


def _bound(body: SearchBody, viewer: Viewer) -> dict[str, object]:
    return {
        # Grows with what a place holds, so that an older cursor is refused and not misread.
        "list": "search-2",
        "query": body.query,
        "filters": body.filters,
        "sort": body.sort.value,
        "signed_in": viewer.signed_in,
        "teams": sorted(viewer.team_ids),
    }


def _place(position: Position) -> list[str | int | float]:
    return [position.value, position.listing_id, position.model_name or ""]


def _position(place: list[str | int | float]) -> Position:
    return Position(float(place[0]), str(place[1]), str(place[2]) or None)


def _answer(reply: SearchReply, following: str | None, *, explain: bool) -> SearchAnswer:
    return SearchAnswer(
        hits=[_hit(hit, explain=explain) for hit in reply.hits],
        total=reply.total,
        next_cursor=following,
        facets={
            facet.value: [FacetValue(value=count.value, count=count.count) for count in counts]
            for facet, counts in reply.facets.items()
        },
        degraded=reply.degraded,
        degraded_reason=reply.degraded_reason,
    )


def _hit(hit: Hit, *, explain: bool) -> HitView:
    card: dict[str, Any] = ListingCard.of(hit.document).model_dump()
    reasons = [
        ReasonView.model_validate({"kind": r.kind, "text": r.text, "score": r.score if explain else None})
        for r in hit.reasons
    ]
    return HitView(**card, score=hit.score, reasons=reasons)
