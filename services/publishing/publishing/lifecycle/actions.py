"""Transitions of a listing, each one transaction of state and fact, each safe to do twice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chassis.clock import Clock
from marketplace.events.v1.listing_pb2 import (
    ListingDeprecated,
    ListingPublished,
    ListingRejected,
    ListingRolledBack,
)
from publishing.lifecycle.errors import VersionStopped
from publishing.lifecycle.ports import ListingDirectory
from publishing.lifecycle.rules import Stop, checked_deprecation
from publishing.listings.actions import Publisher
from publishing.listings.errors import ListingNotFound, SuccessorRefused, VersionNotFound
from publishing.listings.facts import NewId, fact, snapshot_of
from publishing.listings.ports import Listings, ListingsTransaction
from publishing.listings.rules import (
    CALLABLE,
    CLOSED,
    Deprecation,
    Listing,
    State,
    Version,
    VersionStatus,
    standing_base,
    with_deprecation,
    with_published,
    with_stopped,
)


@dataclass(frozen=True)
class Published:
    """A version that callers get, the listing's revision that says so, and the id of the fact."""

    revision: int
    event_id: str


async def locked(transaction: ListingsTransaction, version_id: str) -> tuple[Listing, Version]:
    """A version and its listing, locked. Raises VersionNotFound."""
    version = await transaction.version(version_id)
    listing = await transaction.listing(version.listing_id, lock=True) if version else None
    # Read again: whoever held the lock before may have moved the version.
    version = await transaction.version(version_id)
    if listing is None or version is None:
        raise VersionNotFound("There is no such version.")
    return listing, version


@dataclass(frozen=True)
class PublishVersion:
    """Make a submitted version the one that callers get."""

    listings: Listings
    clock: Clock
    new_id: NewId

    async def __call__(self, version_id: str) -> Published:
        """Raises VersionNotFound, or VersionStopped where it was rejected or its listing closed meanwhile."""
        async with self.listings.transaction(None) as transaction:
            listing, version = await locked(transaction, version_id)
            known = version.status.published_event_id
            if version.status.state in CALLABLE and known:
                return Published(listing.revision, known)
            _require_publishable(listing, version, await transaction.versions(listing.listing_id))
            now = self.clock.now()
            event_id = self.new_id("evt", now)
            changed = with_published(listing, version, now)
            await transaction.save_listing(changed)
            await transaction.save_status(version_id, VersionStatus(State.PUBLISHED, now, event_id))
            published = ListingPublished(listing=snapshot_of(changed, version))
            await transaction.append([fact(event_id, listing.listing_id, published, now)])
            return Published(changed.revision, event_id)


def _require_publishable(listing: Listing, version: Version, present: Sequence[Version]) -> None:
    if listing.state in CLOSED:
        # Its publication would silently take back the end that callers were told.
        raise VersionStopped(f"The listing was {listing.state} meanwhile: it takes no new version.")
    base = standing_base(version, present)
    stands = base.version_id if base else None
    if version.status.state is not State.SUBMITTED or listing.current_version_id != stands:
        raise VersionStopped(f"Version {version.version} is {version.status.state}: it cannot be published.")


@dataclass(frozen=True)
class WithdrawVersion:
    """Undo a publication: what stood before it stands again, and the version has failed."""

    listings: Listings
    clock: Clock
    new_id: NewId

    async def __call__(self, version_id: str, stop: Stop) -> None:
        """Does nothing where the version is not published."""
        async with self.listings.transaction(None) as transaction:
            listing, version = await locked(transaction, version_id)
            if version.status.state not in CALLABLE:
                return
            now = self.clock.now()
            # Not submitted again: the next version may be in the pipeline already, and there is room for one.
            failed = VersionStatus(
                State.FAILED, now, version.status.published_event_id, stop.phase, stop.code, stop.message
            )
            changed, shown = await _save_stopped(transaction, listing, version, failed)
            back = ListingRolledBack(listing=snapshot_of(changed, shown), withdrawn_version_id=version_id)
            await transaction.append([fact(self.new_id("evt", now), listing.listing_id, back, now)])


@dataclass(frozen=True)
class StopVersion:
    """The pipeline ends without a publication: the version is rejected or failed, and says where and why."""

    listings: Listings
    clock: Clock
    new_id: NewId

    async def __call__(self, version_id: str, stop: Stop) -> State:
        """The state in which the version ended; the one it has where it had ended before."""
        async with self.listings.transaction(None) as transaction:
            listing, version = await locked(transaction, version_id)
            if not version.status.awaits_stop:
                return version.status.state
            now = self.clock.now()
            state = stop.state if version.status.state is State.SUBMITTED else version.status.state
            stopped = VersionStatus(state, now, None, stop.phase, stop.code, stop.message)
            changed, shown = await _save_stopped(transaction, listing, version, stopped)
            rejected = ListingRejected(
                listing=snapshot_of(changed, shown),
                phase=stop.phase,
                code=stop.code,
                message=stop.message,
                rejected_version_id=version_id,
            )
            await transaction.append([fact(self.new_id("evt", now), listing.listing_id, rejected, now)])
            return state


async def _save_stopped(
    transaction: ListingsTransaction, listing: Listing, version: Version, status: VersionStatus
) -> tuple[Listing, Version]:
    """The listing without the version, and the version with which it is shown: the one that callers get, if any."""
    present = await transaction.versions(listing.listing_id)
    changed = with_stopped(listing, version, present, status)
    await transaction.save_listing(changed)
    await transaction.save_status(version.version_id, status)
    return changed, next((one for one in present if one.version_id == changed.current_version_id), version)


@dataclass(frozen=True)
class DeprecateListing:
    """Announce the end of a listing: calls go on, with Deprecation and Sunset headers."""

    listings: Listings
    directory: ListingDirectory
    clock: Clock
    new_id: NewId

    async def __call__(self, publisher: Publisher, listing_id: str, wanted: Deprecation) -> Listing:
        """The same again changes nothing. Raises ListingNotFound, ListingClosed, SunsetRefused, SuccessorRefused."""
        now = self.clock.now()
        deprecation = checked_deprecation(wanted, listing_id, now)
        if deprecation.successor and not await self.directory.is_callable(deprecation.successor, publisher.team_id):
            raise SuccessorRefused("The successor is no published listing: name one by id or team-slug/name.")
        async with self.listings.transaction(publisher.team_id) as transaction:
            listing = await transaction.listing(listing_id, lock=True)
            if listing is None:
                raise ListingNotFound("Your team has no listing of this id.")
            changed = with_deprecation(listing, deprecation, now)
            if replace(changed, revision=listing.revision, updated_at=listing.updated_at) == listing:
                return listing
            await self._write(transaction, changed)
            return changed

    async def _write(self, transaction: ListingsTransaction, changed: Listing) -> None:
        now = changed.updated_at
        await transaction.save_listing(changed)
        versions = await transaction.versions(changed.listing_id)
        for version in versions:
            if version.status.state is State.PUBLISHED:
                status = replace(version.status, state=State.DEPRECATED, changed_at=now)
                await transaction.save_status(version.version_id, status)
        current = next(version for version in versions if version.version_id == changed.current_version_id)
        deprecated = ListingDeprecated(listing=snapshot_of(changed, current))
        await transaction.append([fact(self.new_id("evt", now), changed.listing_id, deprecated, now)])
