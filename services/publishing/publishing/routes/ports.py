"""Listings of all teams, read for a call."""

from typing import Protocol

from publishing.listings.rules import Listing, Version


class RouteSource(Protocol):
    """Reads across teams; who may see what is decided by the action."""

    async def listing(self, listing: str) -> Listing | None:
        """By id, or by `team-slug/name`."""
        ...

    async def current_version(self, listing_id: str) -> Version | None:
        """The version that callers get; the newest submitted one where there is none yet."""
        ...

    async def version(self, listing_id: str, version: str) -> Version | None:
        """One version by its text."""
        ...

    async def credential(self, version_id: str) -> bytes | None:
        """The sealed credential of a version."""
        ...

    async def visible(self, team_id: str, after_name: str, limit: int) -> list[tuple[Listing, Version]]:
        """Callable listings that the team may see, in order of `team-slug/name`, after that name."""
        ...
