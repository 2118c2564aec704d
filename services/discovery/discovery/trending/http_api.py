"""GET /api/v1/trending."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from chassis.web.access import requires
from chassis.web.application import provided
from discovery.access import BROWSE
from discovery.search.cards import ListingCard
from discovery.trending.actions import FindTrending
from discovery.trending.rules import Window
from discovery.viewers import TOKEN_OPTIONAL, CurrentViewer

router = APIRouter(prefix="/api/v1", tags=["trending"])


class TrendView(ListingCard):
    """A listing and its trend: decayed use, and one call in advance for a newcomer. `uses`: calls, looks at 0.1."""

    trend: float
    uses: float


class TrendingAnswer(BaseModel):
    """The highest trend first."""

    window: Window
    items: list[TrendView]


@router.get("/trending", dependencies=[requires(BROWSE)], openapi_extra=TOKEN_OPTIONAL)
async def trending(
    viewer: CurrentViewer,
    find: Annotated[FindTrending, Depends(provided("find_trending"))],
    window: Window = Window.DAY,
    category: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> TrendingAnswer:
    """What is used most lately, of what the caller may see."""
    found = await find(window, category, viewer, limit)
    items = [TrendView(**ListingCard.of(one.document).model_dump(), trend=one.score, uses=one.uses) for one in found]
    return TrendingAnswer(window=window, items=items)
