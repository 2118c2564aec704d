"""What the listings' actions need: one transaction over listings, versions, runs and facts, and reads for pages."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from chassis.event_log.port import Event
from publishing.listings.rules import Listing, Version, VersionStatus
from publishing.listings.version_content import Document, Measurements


class ListingsTransaction(Protocol):
    """One open transaction: all of it happens, or nothing."""

    async def listing(self, listing_id: str, *, lock: bool = False) -> Listing | None:
        """A listing that the tenant may see; locked until the end if asked."""
        ...

    async def listings_named(self, names: Sequence[str]) -> dict[str, Listing]:
        """The tenant's listings of these names."""
        ...

    async def add_listings(self, listings: Sequence[Listing]) -> None:
        """New rows. Raises NameTaken."""
        ...

    async def save_listing(self, listing: Listing) -> None:
        """Compare and set: only over the revision before this one. Raises ListingChanged."""
        ...

    async def version(self, version_id: str) -> Version | None:
        """One version."""
        ...

    async def current_versions(self, listing_ids: Sequence[str]) -> dict[str, Version]:
        """The current version of each listing that has one, by the listing's id."""
        ...

    async def versions(self, listing_id: str) -> list[Version]:
        """All versions of a listing, the newest first."""
        ...

    async def add_versions(self, versions: Sequence[Version]) -> None:
        """New versions with their status."""
        ...

    async def keep_document(self, version: Version, document: Document) -> None:
        """The document that a version brought."""
        ...

    async def keep_credential(self, version: Version, sealed: bytes) -> None:
        """The sealed credential that a version brought."""
        ...

    async def document(self, version_id: str) -> Document | None:
        """The document of a version."""
        ...

    async def credential(self, version_id: str) -> bytes | None:
        """The sealed credential of a version."""
        ...

    async def save_status(self, version_id: str, status: VersionStatus) -> None:
        """Where the version stands now."""
        ...

    async def first_validated(self, version_id: str, event_id: str) -> bool:
        """Keep the fact that says that the version is valid; False where an earlier one is kept."""
        ...

    async def save_measurements(self, version: Version, measurements: Measurements) -> None:
        """What was measured last."""
        ...

    async def open_run(self, run_id: str, team_id: str, phases: Sequence[str]) -> None:
        """All phases of a run, pending."""
        ...

    async def append(self, events: Sequence[Event]) -> None:
        """Facts of this transaction."""
        ...


class Listings(Protocol):
    """Opens transactions; a tenant sees its own rows, None stands for the worker's view across tenants."""

    def transaction(self, tenant: str | None) -> AbstractAsyncContextManager[ListingsTransaction]:
        """Commits when the block ends, rolls back when it raises."""
        ...


@dataclass(frozen=True)
class PublicationFilter:
    """What a publisher looks for: `tenant` None looks across teams, empty texts match everything."""

    tenant: str | None
    text: str = ""
    state: str = ""
    owner: str = ""


@dataclass(frozen=True)
class Publication:
    """A listing with the version last submitted, as its publisher sees it."""

    listing: Listing
    newest: Version


class PublicationPages(Protocol):
    """Publishers' lists."""

    async def page(self, wanted: PublicationFilter, before: str | None, limit: int) -> list[Publication]:
        """Newest listings first, after the listing with id `before`."""
        ...
