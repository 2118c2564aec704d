"""The import of a catalogue: each row created, updated, left or refused; the same again changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from chassis.clock import Clock
from marketplace.events.v1.listing_pb2 import ListingCatalogued
from publishing.catalogue_import.rules import CatalogueEntry, RefusedRow, entry_of
from publishing.listings.facts import NewId, fact, snapshot_of
from publishing.listings.ports import Listings, ListingsTransaction
from publishing.listings.rules import Listing, State, Version, VersionStatus

# One transaction holds a lock per listing until it commits.
ROWS_AT_ONCE = 200


class Outcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True)
class RowResult:
    """One row: its place in the request, its id, what became of it and why."""

    row: int
    id: str
    outcome: Outcome
    listing_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Importer:
    """Who imports, and the namespace that the entries belong to."""

    account_id: str
    team_id: str
    team_slug: str


@dataclass(frozen=True)
class ImportCatalogue:
    """Put the rows of a catalogue into the importer's namespace."""

    listings: Listings
    clock: Clock
    new_id: NewId

    async def __call__(self, importer: Importer, rows: Sequence[object], visibility: str) -> list[RowResult]:
        """A result for each row, in their order."""
        results: list[RowResult] = []
        readable: list[tuple[int, CatalogueEntry]] = []
        seen: set[str] = set()
        for place, row in enumerate(rows):
            try:
                entry = _once(entry_of(row, visibility), seen)
            except RefusedRow as refusal:
                results.append(RowResult(place, _shown_id(row), Outcome.REFUSED, reason=refusal.reason))
            else:
                readable.append((place, entry))
        for begin in range(0, len(readable), ROWS_AT_ONCE):
            results += await self._write(importer, readable[begin : begin + ROWS_AT_ONCE])
        return sorted(results, key=lambda result: result.row)

    async def _write(self, importer: Importer, chosen: Sequence[tuple[int, CatalogueEntry]]) -> list[RowResult]:
        async with self.listings.transaction(importer.team_id) as transaction:
            present = await transaction.listings_named([entry.name for _, entry in chosen])
            current = await transaction.current_versions([listing.listing_id for listing in present.values()])
            batch = _Batch(self, importer)
            for place, entry in chosen:
                listing = present.get(entry.name)
                batch.take(place, entry, listing, current.get(listing.listing_id) if listing else None)
            await batch.write(transaction)
        return batch.results


class _Batch:
    """What one transaction writes."""

    def __init__(self, deed: ImportCatalogue, importer: Importer) -> None:
        self._deed = deed
        self._importer = importer
        self._now = deed.clock.now()
        self._new: list[Listing] = []
        self._changed: list[Listing] = []
        self._versions: list[Version] = []
        self.results: list[RowResult] = []

    def take(self, place: int, entry: CatalogueEntry, listing: Listing | None, current: Version | None) -> None:
        """Decide what becomes of a row."""
        if listing is None:
            self._create(place, entry)
        elif listing.state is not State.CATALOGUE_ONLY or current is None:
            reason = "a published listing of this name exists"
            self.results.append(RowResult(place, entry.name, Outcome.REFUSED, listing.listing_id, reason))
        elif current.content == entry.content:
            self.results.append(RowResult(place, entry.name, Outcome.UNCHANGED, listing.listing_id))
        else:
            self._update(place, entry, listing, current)

    async def write(self, transaction: ListingsTransaction) -> None:
        """All rows and their facts."""
        await transaction.add_listings(self._new)
        for listing in self._changed:
            await transaction.save_listing(listing)
        await transaction.add_versions(self._versions)
        listings = {listing.listing_id: listing for listing in (*self._new, *self._changed)}
        await transaction.append(
            [
                fact(
                    self._deed.new_id("evt", self._now),
                    version.listing_id,
                    ListingCatalogued(listing=snapshot_of(listings[version.listing_id], version)),
                    self._now,
                )
                for version in self._versions
            ]
        )

    def _create(self, place: int, entry: CatalogueEntry) -> None:
        importer = self._importer
        version_id = self._deed.new_id("ver", self._now)
        listing = Listing(
            listing_id=self._deed.new_id("lst", self._now),
            team_id=importer.team_id,
            team_slug=importer.team_slug,
            name=entry.name,
            visibility=entry.content.visibility,
            state=State.CATALOGUE_ONLY,
            current_version_id=version_id,
            revision=1,
            created_by=importer.account_id,
            created_at=self._now,
            updated_at=self._now,
        )
        self._new.append(listing)
        self._add(version_id, listing, entry, None)
        self.results.append(RowResult(place, entry.name, Outcome.CREATED, listing.listing_id))

    def _update(self, place: int, entry: CatalogueEntry, listing: Listing, current: Version) -> None:
        version_id = self._deed.new_id("ver", self._now)
        changed = replace(
            listing,
            revision=listing.revision + 1,
            updated_at=self._now,
            visibility=entry.content.visibility,
            current_version_id=version_id,
        )
        self._changed.append(changed)
        self._add(version_id, changed, entry, current.version_id)
        self.results.append(RowResult(place, entry.name, Outcome.UPDATED, listing.listing_id))

    def _add(self, version_id: str, listing: Listing, entry: CatalogueEntry, base: str | None) -> None:
        version = Version(
            version_id=version_id,
            listing_id=listing.listing_id,
            team_id=listing.team_id,
            # The source has no versions: the listing's revision counts its changes.
            version=f"0.0.{listing.revision}",
            content=entry.content,
            validation_mode="lenient",
            base_version_id=base,
            submitted_by=self._importer.account_id,
            created_at=self._now,
            status=VersionStatus(State.CATALOGUE_ONLY, self._now),
        )
        self._versions.append(version)


def _once(entry: CatalogueEntry, seen: set[str]) -> CatalogueEntry:
    if entry.name in seen:
        raise RefusedRow("the id stands in an earlier row already")
    seen.add(entry.name)
    return entry


def _shown_id(row: object) -> str:
    value = row.get("id") if isinstance(row, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return value[:200].encode("utf-8", "replace").decode() if isinstance(value, str) else ""
