"""Routes in PostgreSQL, on the worker role's pool: a call crosses teams."""

from chassis.database.pool import Database
from publishing.listings.rows import listing_of, version_of
from publishing.listings.rules import Listing, Version

_VERSIONS = """
SELECT v.version_id, v.listing_id, v.team_id, v.version, v.content, v.validation_mode, v.base_version_id,
       v.submitted_by, v.created_at, s.state, s.changed_at, s.published_event_id, s.phase, s.code, s.message,
       m.measurements
FROM listing_versions v
JOIN version_states s USING (version_id)
LEFT JOIN version_measurements m USING (version_id)
"""
_CURRENT = (
    _VERSIONS
    + """
JOIN listings l ON l.listing_id = v.listing_id
WHERE v.listing_id = $1
ORDER BY (v.version_id = l.current_version_id) DESC NULLS LAST, v.created_at DESC LIMIT 1
"""
)
_VERSION = _VERSIONS + "WHERE v.listing_id = $1 AND v.version = $2"
_VISIBLE = """
SELECT * FROM listings
WHERE state IN ('published', 'deprecated') AND current_version_id IS NOT NULL
  AND (visibility = 'public' OR team_id = $1 OR (visibility = 'workspace' AND $1 <> ''))
  AND team_slug || '/' || name > $2
ORDER BY team_slug || '/' || name LIMIT $3
"""
_CURRENT_OF = _VERSIONS + "WHERE v.version_id = ANY($1)"


class PostgresRoutes:
    """Adapter for ports.RouteSource."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listing(self, listing: str) -> Listing | None:
        """By id, or by `team-slug/name`."""
        slug, slash, name = listing.partition("/")
        async with self._database.transaction(read_only=True) as transaction:
            if slash:
                row = await transaction.fetch_one(
                    "SELECT * FROM listings WHERE team_slug = $1 AND name = $2 LIMIT 1", slug, name
                )
            else:
                row = await transaction.fetch_one("SELECT * FROM listings WHERE listing_id = $1", listing)
        return listing_of(row) if row else None

    async def current_version(self, listing_id: str) -> Version | None:
        """The version that callers get; the newest submitted one where there is none yet."""
        async with self._database.transaction(read_only=True) as transaction:
            row = await transaction.fetch_one(_CURRENT, listing_id)
        return version_of(row) if row else None

    async def version(self, listing_id: str, version: str) -> Version | None:
        """One version by its text."""
        async with self._database.transaction(read_only=True) as transaction:
            row = await transaction.fetch_one(_VERSION, listing_id, version)
        return version_of(row) if row else None

    async def credential(self, version_id: str) -> bytes | None:
        """The sealed credential of a version."""
        async with self._database.transaction(read_only=True) as transaction:
            return await transaction.fetch_value(
                "SELECT sealed FROM version_credentials WHERE version_id = $1", version_id
            )

    async def visible(self, team_id: str, after_name: str, limit: int) -> list[tuple[Listing, Version]]:
        """Callable listings that the team may see, in order of `team-slug/name`, after that name."""
        async with self._database.transaction(read_only=True) as transaction:
            listings = [listing_of(row) for row in await transaction.fetch(_VISIBLE, team_id, after_name, limit)]
            rows = await transaction.fetch(_CURRENT_OF, [listing.current_version_id for listing in listings])
        versions = {row["version_id"]: version_of(row) for row in rows}
        return [(listing, versions[listing.current_version_id or ""]) for listing in listings]
