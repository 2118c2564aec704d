"""What transitions ask beyond the listings' own transaction."""

from typing import Protocol


class ListingDirectory(Protocol):
    """Listings of all teams, as callers see them."""

    async def is_callable(self, listing: str, team_id: str) -> bool:
        """Whether that team may call a listing of this id or `team-slug/name`."""
        ...
