"""Where ratings are kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from discovery.indexing.document import Rating


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one account says of one version; saying it again replaces it."""

    listing_id: str
    version_id: str
    account_id: str
    team_id: str
    stars: int
    review: str
    at: datetime


class RatingBook(Protocol):
    """Ratings of all listings."""

    async def rate(self, opinion: Opinion) -> Rating:
        """The listing's rating from now on; the index hears of it as of any other change."""
        ...
