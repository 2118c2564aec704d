"""Resolving a listing for a call: seen by one team, in the current or a named version."""

from dataclasses import dataclass

from pydantic import SecretStr

from publishing.listings.actions import endpoint_host
from publishing.listings.errors import ListingNotCallable, ListingNotFound
from publishing.listings.names import split_version
from publishing.listings.rules import CALLABLE, Listing, State, Version, may_see
from publishing.listings.sealed_credentials import CredentialSeal
from publishing.routes.ports import RouteSource

MOST_ROUTES = 500
USUAL_ROUTES = 100
_UNSEEN = "There is no such listing, or your team may not see it."


@dataclass(frozen=True)
class ResolvedRoute:
    """A listing and the version to call, with the vendor's credential where it was asked for."""

    listing: Listing
    version: Version
    credential: SecretStr | None = None


@dataclass(frozen=True)
class ResolveRoute:
    """The way of one call."""

    source: RouteSource
    seal: CredentialSeal

    async def __call__(self, wanted: str, version: str, team_id: str) -> ResolvedRoute:
        """Raises ListingNotFound, also where that team may not see it; ListingNotCallable for a catalogue entry."""
        name, named_version = split_version(wanted)
        listing, chosen = await find_callable(self.source, name, version or named_version, team_id)
        sealed = await self.source.credential(chosen.version_id)
        endpoint = chosen.content.endpoint
        if sealed is None or endpoint is None:
            return ResolvedRoute(listing, chosen)
        return ResolvedRoute(listing, chosen, self.seal.open(sealed, chosen.version_id, endpoint_host(endpoint)))


@dataclass(frozen=True)
class ListRoutes:
    """All that a team may call, for model lists; without credentials."""

    source: RouteSource

    async def __call__(self, team_id: str, after_name: str, page_size: int) -> list[ResolvedRoute]:
        """In order of `team-slug/name`."""
        limit = min(page_size if page_size > 0 else USUAL_ROUTES, MOST_ROUTES)
        return [ResolvedRoute(*found) for found in await self.source.visible(team_id, after_name, limit)]


@dataclass(frozen=True)
class ReadListing:
    """One listing in whatever state, for services."""

    source: RouteSource

    async def __call__(self, listing_id: str) -> ResolvedRoute:
        """Raises ListingNotFound."""
        listing = await self.source.listing(listing_id)
        version = await self.source.current_version(listing.listing_id) if listing else None
        if listing is None or version is None:
            raise ListingNotFound("There is no such listing.")
        return ResolvedRoute(listing, version)


@dataclass(frozen=True)
class CallableListings:
    """Adapter-free answer to lifecycle's question whether callers can move to a listing."""

    source: RouteSource

    async def is_callable(self, listing: str, team_id: str) -> bool:
        """Whether that team may call a listing of this id or `team-slug/name`."""
        name, version = split_version(listing)
        try:
            await find_callable(self.source, name, version, team_id)
        except ListingNotFound:
            return False
        return True


async def find_callable(source: RouteSource, name: str, version: str, team_id: str) -> tuple[Listing, Version]:
    """The listing and the version that a team may call. Raises ListingNotFound, ListingNotCallable."""
    listing = await source.listing(name)
    if listing is None or not may_see(listing.visibility, listing.team_id, team_id):
        raise ListingNotFound(_UNSEEN)
    if listing.state is State.CATALOGUE_ONLY:
        raise ListingNotCallable("This is a catalogue entry: it can be found, and nobody serves it here.")
    if listing.state not in CALLABLE:
        raise ListingNotFound(_UNSEEN)
    if version:
        chosen = await source.version(listing.listing_id, version)
    else:
        chosen = await source.current_version(listing.listing_id)
    if chosen is None or not _is_callable(chosen, team_id):
        raise ListingNotFound("The listing has no such version that can be called.")
    return listing, chosen


def _is_callable(version: Version, team_id: str) -> bool:
    # A listing is seen as its current version is; an older one may have been for fewer.
    content = version.content
    seen = may_see(content.visibility, version.team_id, team_id)
    return seen and version.status.state in CALLABLE and content.endpoint is not None
