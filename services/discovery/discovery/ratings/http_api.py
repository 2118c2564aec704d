"""POST /api/v1/services/{id}/ratings."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from chassis.web.access import Caller, requires
from chassis.web.application import provided
from chassis.web.sent_values import TAKEN_WHOLE
from discovery.access import RATE
from discovery.listing_paths import ListingIdPath
from discovery.ratings.actions import RateListing
from discovery.search.cards import RatingView
from discovery.viewers import CurrentViewer

router = APIRouter(prefix="/api/v1/services", tags=["ratings"])


class NewRating(BaseModel):
    """1 to 5 stars, and why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    stars: Annotated[int, Field(ge=1, le=5), TAKEN_WHOLE]
    review: str = Field("", max_length=2000, pattern=r"^[^\x00]*$")


class RatingAnswer(BaseModel):
    """What was taken, and the listing's rating with it."""

    listing_id: str
    stars: int
    rating: RatingView


@router.post("/{listing_id}/ratings", dependencies=[requires(RATE)])
async def rate_service(
    listing_id: ListingIdPath,
    new: NewRating,
    caller: Caller,
    viewer: CurrentViewer,
    rate: Annotated[RateListing, Depends(provided("rate_listing"))],
) -> RatingAnswer:
    """Rate the present version; rating it again replaces what you said before."""
    rating = await rate(listing_id, caller, viewer, new.stars, new.review)
    shown = RatingView(average=rating.average, count=rating.count)
    return RatingAnswer(listing_id=listing_id, stars=new.stars, rating=shown)
