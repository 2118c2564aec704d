"""The door of transitions that a publisher asks for."""

from typing import Annotated

from fastapi import APIRouter, Depends

from chassis.web.access import Caller, requires
from chassis.web.application import provided
from publishing.access import DEPRECATE
from publishing.lifecycle.actions import DeprecateListing
from publishing.lifecycle.deprecation_bodies import DeprecationBody, DeprecationShown, ListingId
from publishing.listings.actions import Publisher
from publishing.listings.rules import Deprecation

router = APIRouter(tags=["listings"])


@router.post(
    "/api/v1/services/{listing_id}/deprecate", response_model=DeprecationShown, dependencies=[requires(DEPRECATE)]
)
async def deprecate(
    listing_id: ListingId,
    body: DeprecationBody,
    caller: Caller,
    deprecate_listing: Annotated[DeprecateListing, Depends(provided("deprecate_listing"))],
) -> DeprecationShown:
    """Announce the end: calls still work, with Deprecation and Sunset headers from now on."""
    publisher = Publisher(caller.account_id, caller.tenant or "", caller.tenant_slug or "")
    wanted = Deprecation(body.reason, body.sunset_at, body.successor)
    listing = await deprecate_listing(publisher, listing_id, wanted)
    return DeprecationShown(
        listing_id=listing.listing_id,
        name=listing.full_name,
        state=listing.state,
        deprecated_at=listing.deprecated_at,
        sunset_at=listing.sunset_at,
        successor=listing.successor,
        reason=listing.deprecation_reason,
    )
