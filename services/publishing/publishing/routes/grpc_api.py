"""The ListingCatalogue door: what other services may ask about listings."""

from typing import Any

from marketplace.publishing.v1 import listing_catalogue_pb2 as messages
from marketplace.publishing.v1.listing_catalogue_pb2_grpc import ListingCatalogueServicer
from publishing.listings.facts import snapshot_of, timestamp
from publishing.routes.actions import ListRoutes, ReadListing, ResolvedRoute, ResolveRoute

_SERVICE = "/marketplace.publishing.v1.ListingCatalogue"
_CALL_PATH = frozenset({"gateway", "consumption"})
ALLOWED_CALLERS = {
    f"{_SERVICE}/GetListing": _CALL_PATH | {"discovery", "admin"},
    # The only way by which a vendor credential leaves publishing.
    f"{_SERVICE}/ResolveRoute": _CALL_PATH,
    f"{_SERVICE}/ListRoutes": _CALL_PATH | {"discovery", "admin"},
}


class ListingCatalogueDoor(ListingCatalogueServicer):
    """Translates in, calls one action, translates out."""

    def __init__(self, read: ReadListing, resolve: ResolveRoute, listing: ListRoutes) -> None:
        self._read = read
        self._resolve = resolve
        self._list = listing

    async def GetListing(self, request: messages.GetListingRequest, context: Any) -> messages.GetListingResponse:
        """One listing by id, in whatever state."""
        found = await self._read(request.listing_id)
        return messages.GetListingResponse(listing=snapshot_of(found.listing, found.version))

    async def ResolveRoute(self, request: messages.ResolveRouteRequest, context: Any) -> messages.ResolveRouteResponse:
        """The way of a call, with the vendor's credential."""
        found = await self._resolve(request.listing, request.version, request.team_id)
        return messages.ResolveRouteResponse(route=_route(found))

    async def ListRoutes(self, request: messages.ListRoutesRequest, context: Any) -> messages.ListRoutesResponse:
        """All callable listings that a team may see; without credentials."""
        routes = await self._list(request.team_id, request.after_name, request.page_size)
        return messages.ListRoutesResponse(routes=[_route(found) for found in routes])


def _route(found: ResolvedRoute) -> messages.Route:
    listing, version = found.listing, found.version
    endpoint = version.content.endpoint
    return messages.Route(
        listing_id=listing.listing_id,
        listing_version_id=version.version_id,
        name=listing.name,
        version=version.version,
        endpoint_url=endpoint.url if endpoint else "",
        protocol=endpoint.protocol if endpoint else "",
        upstream_model=endpoint.model if endpoint else "",
        credential=found.credential.get_secret_value() if found.credential else "",
        context_length=version.content.context_length,
        max_output_tokens=version.content.max_output_tokens,
        state=listing.state,
        sunset_at=timestamp(listing.sunset_at),
        successor=listing.successor,
        created_at=timestamp(listing.created_at),
        team_id=listing.team_id,
        team_slug=listing.team_slug,
        deprecated_at=timestamp(listing.deprecated_at),
        tags=version.content.tags,
        visibility=listing.visibility,
        provider=version.content.provider or listing.team_slug,
    )
