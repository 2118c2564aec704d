"""Publishers' lists in PostgreSQL."""

from chassis.database.pool import Database
from publishing.listings.ports import Publication, PublicationFilter
from publishing.listings.rows import listing_of, version_of

_PAGE = """
SELECT * FROM listings l WHERE ($1::text IS NULL OR l.listing_id < $1)
  AND ($2 = '' OR l.state = $2) AND ($3 = '' OR l.created_by = $3)
  AND ($4 = '' OR strpos(lower(l.team_slug || '/' || l.name), $4) > 0 OR EXISTS (
      SELECT 1 FROM listing_versions v
      WHERE v.listing_id = l.listing_id AND strpos(lower(v.content ->> 'title'), $4) > 0))
ORDER BY l.listing_id DESC LIMIT $5
"""
_NEWEST = """
SELECT DISTINCT ON (v.listing_id) v.version_id, v.listing_id, v.team_id, v.version, v.content, v.validation_mode,
       v.base_version_id, v.submitted_by, v.created_at, s.state, s.changed_at, s.published_event_id, s.phase, s.code,
       s.message, m.measurements
FROM listing_versions v
JOIN version_states s USING (version_id)
LEFT JOIN version_measurements m USING (version_id)
WHERE v.listing_id = ANY($1) ORDER BY v.listing_id, v.created_at DESC, v.version_id DESC
"""


class PostgresPublicationPages:
    """`own` is the runtime role's pool, which shows one tenant; `across` the worker role's, which shows all."""

    def __init__(self, own: Database, across: Database) -> None:
        self._own = own
        self._across = across

    async def page(self, wanted: PublicationFilter, before: str | None, limit: int) -> list[Publication]:
        """Newest listings first, after the listing with id `before`."""
        database = self._across if wanted.tenant is None else self._own
        async with database.transaction(wanted.tenant, read_only=True) as transaction:
            rows = await transaction.fetch(_PAGE, before, wanted.state, wanted.owner, wanted.text.lower(), limit)
            listings = [listing_of(row) for row in rows]
            newest = await transaction.fetch(_NEWEST, [listing.listing_id for listing in listings])
        versions = {row["listing_id"]: version_of(row) for row in newest}
        return [Publication(listing, versions[listing.listing_id]) for listing in listings]
