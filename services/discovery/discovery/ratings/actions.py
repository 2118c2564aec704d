"""Deeds of ratings."""

from dataclasses import dataclass

from chassis.clock import Clock
from chassis.identity.principal import Principal
from discovery.indexing.document import Rating
from discovery.indexing.errors import ListingNotFound
from discovery.indexing.rules import Viewer
from discovery.ratings.ports import Opinion, RatingBook
from discovery.search.ports import ListingIndex


@dataclass(frozen=True)
class RateListing:
    """Rates the version that search answers with, once for each account."""

    index: ListingIndex
    book: RatingBook
    clock: Clock

    async def __call__(self, listing_id: str, caller: Principal, viewer: Viewer, stars: int, review: str) -> Rating:
        """Raises ListingNotFound for what the viewer may not see."""
        document = await self.index.get(listing_id, viewer)
        if document is None:
            raise ListingNotFound
        return await self.book.rate(
            Opinion(
                listing_id=listing_id,
                version_id=document.version_id,
                account_id=caller.account_id,
                team_id=caller.tenant or "",
                stars=stars,
                review=review,
                at=self.clock.now(),
            )
        )
