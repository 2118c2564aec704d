"""POST /api/v1/interactions."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from chassis.web.access import Caller, requires
from chassis.web.application import provided
from discovery.access import TELL_INTERACTIONS
from discovery.interactions.actions import RecordInteractions
from discovery.interactions.ports import Look
from discovery.listing_paths import ListingIdField
from discovery.viewers import CurrentViewer

router = APIRouter(prefix="/api/v1", tags=["interactions"])


class LookBody(BaseModel):
    """A page that was seen, or a hit that was followed; calls are counted by the gateway itself."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Literal["view", "click"]
    listing_id: ListingIdField


class LooksBody(BaseModel):
    """A batch."""

    model_config = ConfigDict(extra="forbid", strict=True)

    interactions: list[LookBody] = Field(min_length=1, max_length=100)


class LooksAnswer(BaseModel):
    """How many were new; the rest was told before today, or is of listings that the caller may not see."""

    recorded: int


@router.post("/interactions", dependencies=[requires(TELL_INTERACTIONS)])
async def record_interactions(
    body: LooksBody,
    caller: Caller,
    viewer: CurrentViewer,
    record: Annotated[RecordInteractions, Depends(provided("record_interactions"))],
) -> LooksAnswer:
    """Tell what was looked at; one look a day counts for each listing and kind."""
    looks = [Look(one.kind, one.listing_id) for one in body.interactions]
    return LooksAnswer(recorded=await record(caller, viewer, looks))
