"""GET /api/v1/services/{id}/similar."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from chassis.web.access import requires
from chassis.web.application import provided
from discovery.access import BROWSE
from discovery.listing_paths import ListingIdPath
from discovery.recommendations.actions import FindSimilar
from discovery.search.cards import ListingCard
from discovery.viewers import TOKEN_OPTIONAL, CurrentViewer

router = APIRouter(prefix="/api/v1/services", tags=["services"])


class AlikeView(ListingCard):
    """A listing like the given one, 0 to 1; `shared` is what both can do."""

    score: float
    shared: list[str]


class SimilarAnswer(BaseModel):
    """The most alike first."""

    items: list[AlikeView]


@router.get("/{listing_id}/similar", dependencies=[requires(BROWSE)], openapi_extra=TOKEN_OPTIONAL)
async def similar_services(
    listing_id: ListingIdPath,
    viewer: CurrentViewer,
    find: Annotated[FindSimilar, Depends(provided("find_similar"))],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> SimilarAnswer:
    """Listings that mean and can do much the same."""
    found = await find(listing_id, viewer, limit)
    items = [
        AlikeView(**ListingCard.of(one.document).model_dump(), score=one.score, shared=list(one.shared))
        for one in found
    ]
    return SimilarAnswer(items=items)
