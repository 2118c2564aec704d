"""Listings in PostgreSQL: one transaction over their tables and the event log."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log.port import Event, EventLog
from publishing.listings.errors import ListingChanged, NameTaken
from publishing.listings.rows import listing_of, listing_values, measurements_text, version_of, version_values
from publishing.listings.rules import Listing, Version, VersionStatus
from publishing.listings.version_content import Document, Measurements

_VERSIONS = """
SELECT v.version_id, v.listing_id, v.team_id, v.version, v.content, v.validation_mode, v.base_version_id,
       v.submitted_by, v.created_at, s.state, s.changed_at, s.published_event_id, s.phase, s.code, s.message,
       m.measurements
FROM listing_versions v
JOIN version_states s USING (version_id)
LEFT JOIN version_measurements m USING (version_id)
"""
_VERSION = _VERSIONS + "WHERE v.version_id = $1"
_VERSIONS_OF = _VERSIONS + "WHERE v.listing_id = $1 ORDER BY v.created_at DESC, v.version_id DESC"
_CURRENT = _VERSIONS + "JOIN listings l ON l.current_version_id = v.version_id WHERE l.listing_id = ANY($1)"
_ADD_LISTING = """
INSERT INTO listings (
    listing_id, team_id, team_slug, name, visibility, state, current_version_id, revision, created_by, created_at,
    updated_at, deprecated_at, sunset_at, successor, deprecation_reason
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""
_SAVE_LISTING = """
UPDATE listings SET visibility = $2, state = $3, current_version_id = $4, revision = $5, updated_at = $6,
    deprecated_at = $7, sunset_at = $8, successor = $9, deprecation_reason = $10
WHERE listing_id = $1 AND revision = $5 - 1
"""
_ADD_VERSION = """
INSERT INTO listing_versions (
    version_id, listing_id, team_id, version, content, validation_mode, base_version_id, submitted_by, created_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_ADD_STATE = """
INSERT INTO version_states (version_id, listing_id, team_id, state, changed_at, published_event_id)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_SAVE_STATE = """
UPDATE version_states SET state = $2, changed_at = $3, published_event_id = $4, phase = $5, code = $6, message = $7
WHERE version_id = $1
"""
_FIRST_VALIDATED = """
UPDATE version_states SET validated_event_id = $2 WHERE version_id = $1 AND validated_event_id IS NULL
"""
_SAVE_MEASUREMENTS = """
INSERT INTO version_measurements (version_id, team_id, measurements) VALUES ($1, $2, $3)
ON CONFLICT (version_id) DO UPDATE SET measurements = excluded.measurements
"""


class PostgresListings:
    """Opens transactions on one role's pool; `None` as tenant works on the worker's pool alone."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    @asynccontextmanager
    async def transaction(self, tenant: str | None) -> "AsyncGenerator[PostgresListingsTransaction]":
        """Commits when the block ends."""
        async with self._database.transaction(tenant) as transaction:
            yield PostgresListingsTransaction(transaction, self._log)


class PostgresListingsTransaction:
    """One open transaction."""

    def __init__(self, transaction: Transaction, log: EventLog) -> None:
        self._transaction = transaction
        self._log = log

    async def listing(self, listing_id: str, *, lock: bool = False) -> Listing | None:
        """A listing that the tenant may see; locked until the end if asked."""
        if lock:
            row = await self._transaction.fetch_one(
                "SELECT * FROM listings WHERE listing_id = $1 FOR UPDATE", listing_id
            )
        else:
            row = await self._transaction.fetch_one("SELECT * FROM listings WHERE listing_id = $1", listing_id)
        return listing_of(row) if row else None

    async def listings_named(self, names: Sequence[str]) -> dict[str, Listing]:
        """The tenant's listings of these names, locked in order of name."""
        rows = await self._transaction.fetch(
            "SELECT * FROM listings WHERE name = ANY($1) ORDER BY name FOR UPDATE", list(names)
        )
        return {row["name"]: listing_of(row) for row in rows}

    async def add_listings(self, listings: Sequence[Listing]) -> None:
        """New rows. Raises NameTaken."""
        try:
            await self._transaction.execute_many(_ADD_LISTING, [listing_values(listing) for listing in listings])
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != "listings_name_in_team":
                raise
            raise NameTaken(
                "Your team has a listing of this name: send a new version of it by PUT, or choose another."
            ) from error

    async def save_listing(self, listing: Listing) -> None:
        """Compare and set: only over the revision before this one. Raises ListingChanged."""
        tag = await self._transaction.execute(
            _SAVE_LISTING,
            listing.listing_id,
            listing.visibility,
            listing.state,
            listing.current_version_id,
            listing.revision,
            listing.updated_at,
            listing.deprecated_at,
            listing.sunset_at,
            listing.successor,
            listing.deprecation_reason,
        )
        if tag != "UPDATE 1":
            raise ListingChanged("The listing changed at the same time: read it again.")

    async def version(self, version_id: str) -> Version | None:
        """One version."""
        row = await self._transaction.fetch_one(_VERSION, version_id)
        return version_of(row) if row else None

    async def current_versions(self, listing_ids: Sequence[str]) -> dict[str, Version]:
        """The current version of each listing that has one, by the listing's id."""
        rows = await self._transaction.fetch(_CURRENT, list(listing_ids))
        return {row["listing_id"]: version_of(row) for row in rows}

    async def versions(self, listing_id: str) -> list[Version]:
        """All versions of a listing, the newest first."""
        return [version_of(row) for row in await self._transaction.fetch(_VERSIONS_OF, listing_id)]

    async def add_versions(self, versions: Sequence[Version]) -> None:
        """New versions with their status."""
        await self._transaction.execute_many(_ADD_VERSION, [version_values(version) for version in versions])
        states = [
            (v.version_id, v.listing_id, v.team_id, v.status.state, v.status.changed_at, v.status.published_event_id)
            for v in versions
        ]
        await self._transaction.execute_many(_ADD_STATE, states)

    async def keep_document(self, version: Version, document: Document) -> None:
        """The document that a version brought."""
        await self._transaction.execute(
            "INSERT INTO version_documents (version_id, team_id, content_type, document) VALUES ($1, $2, $3, $4)",
            version.version_id,
            version.team_id,
            document.content_type,
            document.raw,
        )

    async def keep_credential(self, version: Version, sealed: bytes) -> None:
        """The sealed credential that a version brought."""
        await self._transaction.execute(
            "INSERT INTO version_credentials (version_id, team_id, sealed) VALUES ($1, $2, $3)",
            version.version_id,
            version.team_id,
            sealed,
        )

    async def document(self, version_id: str) -> Document | None:
        """The document of a version."""
        row = await self._transaction.fetch_one(
            "SELECT content_type, document FROM version_documents WHERE version_id = $1", version_id
        )
        return Document(row["content_type"], row["document"]) if row else None

    async def credential(self, version_id: str) -> bytes | None:
        """The sealed credential of a version."""
        return await self._transaction.fetch_value(
            "SELECT sealed FROM version_credentials WHERE version_id = $1", version_id
        )

    async def save_status(self, version_id: str, status: VersionStatus) -> None:
        """Where the version stands now."""
        values = (status.state, status.changed_at, status.published_event_id, status.phase, status.code, status.message)
        await self._transaction.execute(_SAVE_STATE, version_id, *values)

    async def first_validated(self, version_id: str, event_id: str) -> bool:
        """Keep the fact that says that the version is valid; False where an earlier one is kept."""
        return await self._transaction.execute(_FIRST_VALIDATED, version_id, event_id) == "UPDATE 1"

    async def save_measurements(self, version: Version, measurements: Measurements) -> None:
        """What was measured last."""
        await self._transaction.execute(
            _SAVE_MEASUREMENTS, version.version_id, version.team_id, measurements_text(measurements)
        )

    async def open_run(self, run_id: str, team_id: str, phases: Sequence[str]) -> None:
        """All phases of a run, pending."""
        await self._transaction.execute_many(
            "INSERT INTO run_phases (run_id, position, name, team_id, state) VALUES ($1, $2, $3, $4, 'pending')",
            [(run_id, position, name, team_id) for position, name in enumerate(phases, 1)],
        )

    async def append(self, events: Sequence[Event]) -> None:
        """Facts of this transaction."""
        await self._log.append(self._transaction, events)
