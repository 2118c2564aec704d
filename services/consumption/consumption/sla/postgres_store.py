"""How listings do, and what they are held to, in PostgreSQL; row security shows a team what it may see."""

from datetime import datetime

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log.port import EventLog
from consumption.facts import SLA_TOPIC, event_of
from consumption.sla.errors import ListingNotFound
from consumption.sla.listing_rows import BREACH_COLUMNS, LISTING_COLUMNS, breach_of, listing_of
from consumption.sla.ports import Standing
from consumption.sla.rules import WINDOWS, Metric, SlaListing, Targets
from consumption.sla.tallies_store import tallies_of
from marketplace.events.v1.listing_pb2 import ListingSnapshot
from marketplace.events.v1.sla_pb2 import SlaTargetsChanged

_SHOWN = 50


class PostgresSla:
    """Teams through the role that sees what one may see, the platform's people through the worker role."""

    def __init__(self, team: Database, platform: Database, log: EventLog) -> None:
        self._team = team
        self._platform = platform
        self._log = log

    async def listing(self, team_id: str | None, listing_id: str) -> SlaListing:
        """Raises ListingNotFound."""
        async with self._reach(team_id).transaction(team_id, read_only=True) as transaction:
            return await _listing(transaction, team_id, listing_id)

    async def standing(self, team_id: str | None, listing_id: str, now: datetime) -> Standing:
        """Raises ListingNotFound."""
        async with self._reach(team_id).transaction(team_id, read_only=True) as transaction:
            listing = await _listing(transaction, team_id, listing_id)
            tallies = await tallies_of(transaction, [listing_id], WINDOWS, now)
            breaches = await transaction.fetch(
                f"SELECT {BREACH_COLUMNS} FROM sla_breaches WHERE listing_id = $1"  # noqa: S608 -- a constant
                " ORDER BY ended_at IS NOT NULL, began_at DESC, breach_id DESC LIMIT $2",
                listing_id,
                _SHOWN,
            )
        return Standing(listing, tallies[listing_id], [breach_of(row) for row in breaches])

    async def put(self, team_id: str | None, listing: SlaListing, targets: Targets, actor: str, now: datetime) -> None:
        """Set all targets of a listing in one transaction with the event; what is left out is not set any more."""
        fact = SlaTargetsChanged(
            listing_id=listing.listing_id,
            listing_name=listing.full_name,
            team_id=listing.team_id,
            actor=actor,
            latency_p95_ms=targets.get(Metric.LATENCY_P95),
            error_rate=targets.get(Metric.ERROR_RATE),
            uptime_percent=targets.get(Metric.UPTIME),
        )
        async with self._reach(team_id).transaction(team_id) as transaction:
            await transaction.execute(
                "INSERT INTO sla_targets (listing_id, team_id, latency_p95_ms, error_rate, uptime_percent, changed_at,"
                " changed_by) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (listing_id) DO UPDATE SET"
                " team_id = excluded.team_id, latency_p95_ms = excluded.latency_p95_ms,"
                " error_rate = excluded.error_rate, uptime_percent = excluded.uptime_percent,"
                " changed_at = excluded.changed_at, changed_by = excluded.changed_by",
                *(listing.listing_id, listing.team_id, *(targets.get(metric) for metric in Metric), now, actor),
            )
            await self._log.append(transaction, [event_of(SLA_TOPIC, listing.listing_id, fact, now)])

    def _reach(self, team_id: str | None) -> Database:
        return self._platform if team_id is None else self._team


async def _listing(transaction: Transaction, team_id: str | None, listing_id: str) -> SlaListing:
    row = await transaction.fetch_one(
        f"SELECT {LISTING_COLUMNS} FROM sla_listings l LEFT JOIN sla_targets t USING (listing_id)"  # noqa: S608
        " WHERE l.listing_id = $1 AND ($2::text IS NULL OR l.visibility IN ('workspace', 'public') OR l.team_id = $2)",
        listing_id,
        team_id,
    )
    if row is None:
        raise ListingNotFound("You see no listing of that id that was ever published.")
    return listing_of(row)


class PostgresSlaListings:
    """Listings with their promise, as publishing's facts tell of them."""

    async def put(self, transaction: Transaction, listing: ListingSnapshot) -> None:
        """Keep a listing as it stands; what is older than what is kept is dropped."""
        sla = listing.sla
        await transaction.execute(
            "INSERT INTO sla_listings AS l (listing_id, team_id, full_name, visibility, promised_uptime_percent,"
            " promised_latency_p95_ms, revision) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (listing_id) DO UPDATE"
            " SET team_id = excluded.team_id, full_name = excluded.full_name, visibility = excluded.visibility,"
            " promised_uptime_percent = excluded.promised_uptime_percent,"
            " promised_latency_p95_ms = excluded.promised_latency_p95_ms, revision = excluded.revision"
            " WHERE l.revision < excluded.revision",
            *(listing.listing_id, listing.team_id, f"{listing.team_slug}/{listing.name}", listing.visibility),
            sla.uptime_percent if sla.HasField("uptime_percent") else None,
            sla.latency_p95_ms if sla.HasField("latency_p95_ms") else None,
            listing.revision,
        )
