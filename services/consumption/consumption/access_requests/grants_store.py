"""Access requests of all teams in PostgreSQL, as the worker role: decisions, listings, teams that end."""

from chassis.database.transaction import Transaction
from chassis.event_log.port import EventLog
from consumption.access_requests.request_rows import COLUMNS, request_of
from consumption.access_requests.rules import AccessRequest
from consumption.facts import ACCESS_TOPIC, event_of
from consumption.keys.events import key_created
from consumption.keys.key_rows import insert_key
from consumption.keys.rules import Key, limits_of_key
from marketplace.events.v1.access_pb2 import AccessGranted, AccessRefused
from marketplace.events.v1.listing_pb2 import ListingSnapshot


class PostgresGrants:
    """Requests of all teams, in somebody's transaction."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def lock(self, transaction: Transaction, request_id: str) -> AccessRequest | None:
        """The request, locked."""
        row = await transaction.fetch_one(
            f"SELECT {COLUMNS} FROM access_requests WHERE request_id = $1 FOR UPDATE",  # noqa: S608 -- a constant
            request_id,
        )
        return None if row is None else request_of(row)

    async def grant(self, transaction: Transaction, request: AccessRequest, key: Key) -> None:
        """Keep what was approved, with the key and the events."""
        await insert_key(transaction, key, limits_of_key(key))
        await _decide(transaction, request)
        fact = AccessGranted(
            request_id=request.request_id,
            team_id=request.team_id,
            key_id=key.key_id,
            decided_by=request.decided_by or "",
        )
        granted = event_of(ACCESS_TOPIC, request.request_id, fact, key.created_at)
        await self._log.append(transaction, [granted, key_created(key, request.decided_by or "")])

    async def refuse(self, transaction: Transaction, request: AccessRequest) -> None:
        """Keep what was refused, with the event."""
        await _decide(transaction, request)
        fact = AccessRefused(
            request_id=request.request_id,
            team_id=request.team_id,
            decided_by=request.decided_by or "",
            comment=request.comment or "",
        )
        at = request.decided_at or request.requested_at
        await self._log.append(transaction, [event_of(ACCESS_TOPIC, request.request_id, fact, at)])


class PostgresAskableListings:
    """The listings that may be asked for."""

    async def put(self, transaction: Transaction, listing: ListingSnapshot) -> None:
        """Keep a listing as it stands; what is older than what is kept is dropped."""
        await transaction.execute(
            "INSERT INTO askable_listings AS l (listing_id, team_id, full_name, visibility, state, revision)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (listing_id) DO UPDATE SET team_id = excluded.team_id,"
            " full_name = excluded.full_name, visibility = excluded.visibility, state = excluded.state,"
            " revision = excluded.revision WHERE l.revision < excluded.revision",
            *(listing.listing_id, listing.team_id, f"{listing.team_slug}/{listing.name}"),
            *(listing.visibility, listing.state, listing.revision),
        )

    async def end_requests(self, transaction: Transaction, team_id: str) -> None:
        """A team ended: nobody of it waits for anything any more."""
        await transaction.execute(
            "UPDATE access_requests SET state = 'withdrawn' WHERE team_id = $1 AND state = 'pending'", team_id
        )


async def _decide(transaction: Transaction, request: AccessRequest) -> None:
    await transaction.execute(
        "UPDATE access_requests SET state = $2, decided_at = $3, decided_by = $4, comment = $5, key_id = $6"
        " WHERE request_id = $1",
        *(request.request_id, request.state, request.decided_at, request.decided_by, request.comment, request.key_id),
    )
