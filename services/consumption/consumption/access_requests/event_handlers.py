"""What access requests hear: decisions, listings that may be asked for, teams that end."""

from datetime import UTC
from typing import Protocol

from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, Handler, RecordedEvent
from consumption.access_requests.actions import DecideAccess
from consumption.access_requests.rules import SUBJECT_KIND, Decision
from marketplace.events.v1.approval_pb2 import ApprovalDecided
from marketplace.events.v1.identity_pb2 import TeamArchived
from marketplace.events.v1.listing_pb2 import (
    ListingDeprecated,
    ListingPublished,
    ListingRetired,
    ListingRolledBack,
    ListingSnapshot,
)

_LISTING_FACTS = (ListingPublished, ListingDeprecated, ListingRetired, ListingRolledBack)
_ListingFact = ListingPublished | ListingDeprecated | ListingRetired | ListingRolledBack


class AskableListings(Protocol):
    """Where listings are kept that may be asked for."""

    async def put(self, transaction: Transaction, listing: ListingSnapshot) -> None:
        """Keep a listing as it stands."""
        ...

    async def end_requests(self, transaction: Transaction, team_id: str) -> None:
        """A team ended: nobody of it waits for anything any more."""
        ...


def access_consumers(decide: DecideAccess, listings: AskableListings) -> list[Consumer]:
    """One reader for each topic; a new group reads its topic from the beginning."""

    async def on_decided(transaction: Transaction, event: RecordedEvent) -> None:
        fact = ApprovalDecided.FromString(event.data)
        if fact.subject_kind == SUBJECT_KIND:
            at = fact.decided_at.ToDatetime(UTC)
            await decide(transaction, Decision(fact.subject_id, fact.approved, fact.decided_by, fact.comment, at))

    async def on_archived(transaction: Transaction, event: RecordedEvent) -> None:
        await listings.end_requests(transaction, TeamArchived.FromString(event.data).team_id)

    def on_listing(kind: type[_ListingFact]) -> Handler:
        async def take(transaction: Transaction, event: RecordedEvent) -> None:
            await listings.put(transaction, kind.FromString(event.data).listing)

        return take

    told = {kind.DESCRIPTOR.full_name: on_listing(kind) for kind in _LISTING_FACTS}
    return [
        Consumer("consumption.access", "marketplace.approval.v1", {ApprovalDecided.DESCRIPTOR.full_name: on_decided}),
        Consumer("consumption.access", "marketplace.listing.v1", told),
        Consumer("consumption.access", "marketplace.identity.v1", {TeamArchived.DESCRIPTOR.full_name: on_archived}),
    ]
