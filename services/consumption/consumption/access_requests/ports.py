"""What access requests ask of the outer world."""

from datetime import datetime
from typing import Protocol

from chassis.database.transaction import Transaction
from consumption.access_requests.rules import AccessRequest, AskedListing
from consumption.keys.ports import Deed
from consumption.keys.rules import Key, NewSecret


class RequestStore(Protocol):
    """Requests of one team at a time; each method is one transaction and appends its own event."""

    async def listing(self, team_id: str, named: str) -> AskedListing:
        """A listing by id or `team/name` that the team may see and call. Raises ListingNotAskable."""
        ...

    async def add(self, request: AccessRequest) -> AccessRequest:
        """Keep a request; where the person's same idempotency key or open wish is there, that one and no event."""
        ...

    async def find(self, team_id: str, request_id: str) -> AccessRequest:
        """Raises RequestNotFound."""
        ...

    async def page(
        self, team_id: str, account_id: str | None, after: tuple[datetime, str] | None, at_most: int
    ) -> list[AccessRequest]:
        """Newest first, after a place; of one account, or of all."""
        ...

    async def withdraw(self, request: AccessRequest, deed: Deed) -> None:
        """Take an open request back. Raises RequestNotPending."""
        ...

    async def collect(self, request: AccessRequest, secret: NewSecret, deed: Deed) -> Key:
        """Give the granted key its first secret. Raises CollectedAlready, NothingToCollect."""
        ...


class Grants(Protocol):
    """Requests of all teams, in somebody's transaction."""

    async def lock(self, transaction: Transaction, request_id: str) -> AccessRequest | None:
        """The request, locked."""
        ...

    async def grant(self, transaction: Transaction, request: AccessRequest, key: Key) -> None:
        """Keep what was approved, with the key and the events."""
        ...

    async def refuse(self, transaction: Transaction, request: AccessRequest) -> None:
        """Keep what was refused, with the event."""
        ...
