"""Access requests of one team at a time in PostgreSQL."""

from dataclasses import replace
from datetime import datetime

from chassis.database.pool import Database
from chassis.database.transaction import Row, Transaction
from chassis.event_log.port import EventLog
from consumption.access_requests.errors import (
    CollectedAlready,
    ListingNotAskable,
    NothingToCollect,
    RequestNotFound,
    RequestNotPending,
)
from consumption.access_requests.request_rows import COLUMNS, request_of
from consumption.access_requests.rules import CALLABLE_STATES, AccessRequest, AskedListing
from consumption.facts import ACCESS_TOPIC, event_of
from consumption.keys.key_rows import KEY_COLUMNS, add_secret, key_of
from consumption.keys.ports import Deed
from consumption.keys.rules import Key, NewSecret
from marketplace.events.v1.access_pb2 import AccessCollected, AccessRequested, AccessWithdrawn


class PostgresRequests:
    """Requests of one team at a time; row security refuses the rest."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def listing(self, team_id: str, named: str) -> AskedListing:
        """A listing by id or `team/name` that the team may see and call. Raises ListingNotAskable."""
        async with self._database.transaction(team_id, read_only=True) as transaction:
            row = await transaction.fetch_one(
                "SELECT listing_id, full_name, team_id FROM askable_listings"
                " WHERE (listing_id = $1 OR full_name = $1) AND state = ANY($2::text[])"
                " AND (visibility IN ('workspace', 'public') OR team_id = $3) ORDER BY listing_id LIMIT 1",
                *(named, list(CALLABLE_STATES), team_id),
            )
        if row is None:
            raise ListingNotAskable("Your team sees no callable listing of that name or id: search for it first.")
        return AskedListing(*row.values())

    async def add(self, request: AccessRequest) -> AccessRequest:
        """Keep a request; where the person's same idempotency key or open wish is there, that one and no event."""
        async with self._database.transaction(request.team_id) as transaction:
            there = await _there(transaction, request)
            if there is not None:
                return request_of(there)
            tag = await _insert(transaction, request)
            if tag != "INSERT 0 1":
                # Somebody asked at the same time and was first.
                return request_of(_present(await _there(transaction, request)))
            await self._log.append(
                transaction, [event_of(ACCESS_TOPIC, request.request_id, _asked(request), request.requested_at)]
            )
        return request

    async def find(self, team_id: str, request_id: str) -> AccessRequest:
        """Raises RequestNotFound."""
        async with self._database.transaction(team_id, read_only=True) as transaction:
            row = await transaction.fetch_one(
                f"SELECT {COLUMNS} FROM access_requests WHERE request_id = $1",  # noqa: S608 -- a constant
                request_id,
            )
        return request_of(_present(row))

    async def page(
        self, team_id: str, account_id: str | None, after: tuple[datetime, str] | None, at_most: int
    ) -> list[AccessRequest]:
        """Newest first, after a place; of one account, or of all."""
        async with self._database.transaction(team_id, read_only=True) as transaction:
            rows = await transaction.fetch(
                f"SELECT {COLUMNS} FROM access_requests"  # noqa: S608 -- a constant
                " WHERE ($1::timestamptz IS NULL OR (requested_at, request_id) < ($1, $2))"
                " AND ($3::text IS NULL OR account_id = $3) ORDER BY requested_at DESC, request_id DESC LIMIT $4",
                *(*(after or (None, None)), account_id, at_most),
            )
        return [request_of(row) for row in rows]

    async def withdraw(self, request: AccessRequest, deed: Deed) -> None:
        """Take an open request back. Raises RequestNotPending."""
        async with self._database.transaction(request.team_id) as transaction:
            tag = await transaction.execute(
                "UPDATE access_requests SET state = 'withdrawn' WHERE request_id = $1 AND state = 'pending'",
                request.request_id,
            )
            if tag != "UPDATE 1":
                raise RequestNotPending("This request was decided at the same moment: read it again.")
            fact = AccessWithdrawn(request_id=request.request_id, team_id=request.team_id, actor=deed.actor)
            await self._log.append(transaction, [event_of(ACCESS_TOPIC, request.request_id, fact, deed.now)])

    async def collect(self, request: AccessRequest, secret: NewSecret, deed: Deed) -> Key:
        """Give the granted key its first secret. Raises CollectedAlready, NothingToCollect."""
        async with self._database.transaction(request.team_id) as transaction:
            tag = await transaction.execute(
                "UPDATE access_requests SET state = 'collected', collected_at = $2"
                " WHERE request_id = $1 AND state = 'approved'",
                *(request.request_id, deed.now),
            )
            if tag != "UPDATE 1":
                raise CollectedAlready("The secret was collected at the same moment.", key_id=request.key_id)
            tag = await transaction.execute(
                "UPDATE keys SET hint = $2 WHERE key_id = $1 AND state = 'active'", request.key_id, secret.hint
            )
            if tag != "UPDATE 1":
                raise NothingToCollect("The key of this request was revoked.", state="revoked")
            key = key_of(await _key_row(transaction, request.key_id or ""))
            await add_secret(transaction, key, secret, 1, deed.now)
            fact = AccessCollected(
                request_id=request.request_id, team_id=request.team_id, key_id=key.key_id, actor=deed.actor
            )
            await self._log.append(transaction, [event_of(ACCESS_TOPIC, request.request_id, fact, deed.now)])
        return replace(key, generation=1)


async def _there(transaction: Transaction, request: AccessRequest) -> Row | None:
    return await transaction.fetch_one(
        f"SELECT {COLUMNS} FROM access_requests WHERE account_id = $1"  # noqa: S608 -- a constant
        " AND (idempotency_key = $2 OR (listing_id = $3 AND state = 'pending'))"
        " ORDER BY (idempotency_key = $2) DESC NULLS LAST LIMIT 1",
        *(request.account_id, request.idempotency_key, request.listing.listing_id),
    )


async def _insert(transaction: Transaction, request: AccessRequest) -> str:
    listing, terms = request.listing, request.terms
    return await transaction.execute(
        "INSERT INTO access_requests (request_id, team_id, team_slug, account_id, listing_id, listing_name,"
        " listing_team_id, purpose, monthly_tokens, monthly_nanodollars, expires_at, requested_at, idempotency_key)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
        *(request.request_id, request.team_id, request.team_slug, request.account_id),
        *(listing.listing_id, listing.full_name, listing.team_id),
        *(terms.purpose, terms.monthly_tokens, terms.monthly_nanodollars, terms.expires_at),
        *(request.requested_at, request.idempotency_key),
    )


async def _key_row(transaction: Transaction, key_id: str) -> Row:
    row = await transaction.fetch_one(f"SELECT {KEY_COLUMNS} FROM keys k WHERE k.key_id = $1", key_id)  # noqa: S608
    return _present(row)


def _asked(request: AccessRequest) -> AccessRequested:
    fact = AccessRequested(
        request_id=request.request_id,
        team_id=request.team_id,
        team_slug=request.team_slug,
        account_id=request.account_id,
        listing_id=request.listing.listing_id,
        listing_name=request.listing.full_name,
        listing_team_id=request.listing.team_id,
        purpose=request.terms.purpose,
        monthly_tokens=request.terms.monthly_tokens,
        monthly_nanodollars=request.terms.monthly_nanodollars,
    )
    fact.expires_at.FromDatetime(request.terms.expires_at)
    return fact


def _present(row: Row | None) -> Row:
    if row is None:
        raise RequestNotFound("There is no such request among those you may see.")
    return row
