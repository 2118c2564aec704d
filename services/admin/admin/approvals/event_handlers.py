"""Somebody asks for access to a listing: an approval opens, for the listing's team and the platform's people."""

import json
from collections.abc import Callable
from datetime import UTC

from admin.approvals.actions import ApprovalWish, RequestApproval, WithdrawApproval
from admin.approvals.rules import ACCESS_REQUEST
from admin.facts import ACCESS_TOPIC
from admin.work import OpenWork
from chassis.clock import rfc3339
from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, RecordedEvent
from marketplace.events.v1.access_pb2 import AccessRequested, AccessWithdrawn

GROUP = "admin.approvals"
WITHDRAWN_BY_ASKER = "Its asker took it back."


def access_consumer(joined: Callable[[Transaction], OpenWork]) -> Consumer:
    """`marketplace.access.v1` into approvals; `joined` opens work inside the transaction that takes the event."""

    async def on_requested(transaction: Transaction, event: RecordedEvent) -> None:
        await RequestApproval(joined(transaction))(wish_of(AccessRequested.FromString(event.data)))

    async def on_withdrawn(transaction: Transaction, event: RecordedEvent) -> None:
        fact = AccessWithdrawn.FromString(event.data)
        withdraw = WithdrawApproval(joined(transaction))
        await withdraw(ACCESS_REQUEST, fact.request_id, WITHDRAWN_BY_ASKER, fact.actor)

    handlers = {
        AccessRequested.DESCRIPTOR.full_name: on_requested,
        AccessWithdrawn.DESCRIPTOR.full_name: on_withdrawn,
    }
    # One at a time: each takes an approval and then the trail's end, as whoever decides does; a second one in the same
    # transaction would take its approval after the trail's end, and the two would wait for each other.
    return Consumer(GROUP, ACCESS_TOPIC, handlers, batch=1)


def wish_of(fact: AccessRequested) -> ApprovalWish:
    """What is asked, for the one who decides."""
    evidence = {
        "team": fact.team_slug,
        "account_id": fact.account_id,
        "listing_id": fact.listing_id,
        "listing": fact.listing_name,
        "purpose": fact.purpose,
        "monthly_token_quota": fact.monthly_tokens if fact.HasField("monthly_tokens") else None,
        "monthly_budget_nanodollars": fact.monthly_nanodollars if fact.HasField("monthly_nanodollars") else None,
        "expires_at": rfc3339(fact.expires_at.ToDatetime(UTC)),
    }
    return ApprovalWish(
        subject_kind=ACCESS_REQUEST,
        subject_id=fact.request_id,
        team_id=fact.team_id,
        requested_by=fact.account_id,
        title=f"{fact.listing_name}: access for {fact.team_slug}",
        category="access",
        risk="medium",
        evidence=json.dumps(evidence),
        deciding_team_id=fact.listing_team_id,
    )
