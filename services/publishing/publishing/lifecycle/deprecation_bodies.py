"""What a deprecation says by HTTP, both ways."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from chassis.clock import rfc3339
from chassis.web.sent_values import SentMoment
from publishing.listings.rules import State

ListingId = Annotated[str, Path(pattern=r"^lst_[0-9a-f]{32}$", description="A listing's id")]
Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]


class DeprecationBody(BaseModel):
    """Why and when a listing ends."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
    sunset_at: SentMoment | None = Field(None, description="RFC 3339, in the future; after it calls may end")
    successor: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = Field(
        "", description="A listing's id or `team-slug/name`, for callers to move to"
    )


class DeprecationShown(BaseModel):
    """The listing's end as callers are told."""

    listing_id: str
    name: str
    state: State
    deprecated_at: Moment | None
    sunset_at: Moment | None
    successor: str
    reason: str
