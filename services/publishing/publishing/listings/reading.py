"""What publishers and approvers read: a team's own listings, or everybody's for a platform role."""

from dataclasses import dataclass

from publishing.listings.errors import ListingNotFound
from publishing.listings.ports import Listings, Publication, PublicationFilter, PublicationPages
from publishing.listings.rules import Version


@dataclass(frozen=True)
class ReadPublications:
    """`own` shows the rows of one team, `across` those of all."""

    own: Listings
    across: Listings
    pages: PublicationPages

    async def page(self, wanted: PublicationFilter, before: str | None, limit: int) -> list[Publication]:
        """Newest first, after the listing with id `before`."""
        return await self.pages.page(wanted, before, limit)

    async def one(self, tenant: str | None, listing_id: str) -> Publication:
        """One listing with its newest version. Raises ListingNotFound."""
        listings = self.across if tenant is None else self.own
        async with listings.transaction(tenant) as transaction:
            listing = await transaction.listing(listing_id)
            versions = await transaction.versions(listing_id) if listing else []
        if listing is None or not versions:
            raise ListingNotFound("There is no listing of this id, or it is not your team's.")
        return Publication(listing, versions[0])

    async def versions(self, tenant: str | None, listing_id: str) -> list[Version]:
        """All versions, the newest first. Raises ListingNotFound."""
        listings = self.across if tenant is None else self.own
        async with listings.transaction(tenant) as transaction:
            found = await transaction.versions(listing_id)
        if not found:
            raise ListingNotFound("There is no listing of this id, or it is not your team's.")
        return found
