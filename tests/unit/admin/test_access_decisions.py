"""Who may decide an access request, and what the trail says of other services' deeds."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from fakes.admin import FakeWork, principal
from google.protobuf.message import Message

from admin.approvals.actions import Comment, Decide, ReadApproval, RequestApproval
from admin.approvals.errors import ApprovalNotFound, NotYoursToDecide, OwnApproval, ReasonMissing
from admin.approvals.event_handlers import access_consumer, wish_of
from admin.audit.actions import RecordDeed
from admin.audit.rules import Entry
from admin.audit.told_deeds import LEDGER_DEEDS, TOLD, deed_consumers
from admin.work import Work
from chassis.database.transaction import Transaction
from chassis.event_log.port import RecordedEvent
from chassis.identity.principal import Principal
from marketplace.events.v1.access_pb2 import AccessGranted, AccessRequested, AccessWithdrawn
from marketplace.events.v1.approval_pb2 import ApprovalDecided
from marketplace.events.v1.invoice_pb2 import CallsReconciled, InvoiceRegistered
from marketplace.events.v1.key_pb2 import BudgetChanged, KeyChanged, KeyCreated, KeyRevoked, KeyRotated, TierChanged
from marketplace.events.v1.ledger_pb2 import PriceSet, RecalculationCompleted, RecalculationFailed, RecalculationStarted
from marketplace.events.v1.sla_pb2 import SlaBreached, SlaRecovered, SlaTargetsChanged

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
UNTIL = NOW.replace(year=2031)
NO_TRANSACTION = cast("Transaction", None)


def asked() -> AccessRequested:
    fact = AccessRequested(
        request_id="arq_1",
        team_id="tea_red",
        team_slug="red",
        account_id="acc_ann",
        listing_id="lst_1",
        listing_name="blue/chat",
        listing_team_id="tea_blue",
        purpose="to chat",
        monthly_tokens=5,
    )
    fact.expires_at.FromDatetime(UNTIL)
    return fact


def leader(account_id: str, team: str, role: str = "owner") -> Principal:
    return Principal(account_id, frozenset(), team, team[4:], role, 1, UNTIL)


def recorded(fact: Message) -> RecordedEvent:
    kind = fact.DESCRIPTOR.full_name
    return RecordedEvent("evt_1", "topic", "key", kind, "consumption", NOW, fact.SerializeToString())


def joined(work: FakeWork) -> Callable[[Transaction], Any]:
    def join(_: Transaction) -> Callable[[str | None], AbstractAsyncContextManager[Work]]:
        return work

    return join


async def test_a_request_waits_for_the_listings_team_and_a_repeated_event_opens_nothing_more() -> None:
    work = FakeWork()
    take = access_consumer(joined(work)).handlers
    for _ in range(2):
        await take[AccessRequested.DESCRIPTOR.full_name](NO_TRANSACTION, recorded(asked()))
    [approval] = work.rows.approvals.values()
    assert (approval.deciding_team_id, approval.team_id, approval.requested_by) == ("tea_blue", "tea_red", "acc_ann")
    assert (approval.needed_approvals, "to chat" in approval.evidence) == (1, True)
    gone = AccessWithdrawn(request_id="arq_1", team_id="tea_red", actor="acc_ann")
    await take[AccessWithdrawn.DESCRIPTOR.full_name](NO_TRANSACTION, recorded(gone))
    assert work.rows.approvals[approval.approval_id].state == "withdrawn"


@pytest.mark.parametrize(
    ("caller", "refusal"),
    [
        (leader("acc_bo", "tea_blue"), None),
        (leader("acc_bo", "tea_blue", "admin"), None),
        (principal("acc_gov", "approver"), None),
        (leader("acc_ann", "tea_blue"), OwnApproval),
        (principal("acc_ann", "super_admin"), OwnApproval),
        (leader("acc_rod", "tea_red"), NotYoursToDecide),
        (leader("acc_eve", "tea_green"), ApprovalNotFound),
    ],
    ids=lambda one: one.account_id if isinstance(one, Principal) else getattr(one, "__name__", "may"),
)
async def test_the_listings_leaders_and_the_platforms_people_decide_and_never_the_asker(
    caller: Principal, refusal: type[Exception] | None
) -> None:
    work = FakeWork()
    approval = await RequestApproval(work)(wish_of(asked()))
    deed = Decide(work)(caller, approval.approval_id, "", approve=True)
    if refusal is None:
        assert (await deed).approval.state == "approved"
        assert [fact.subject_kind for fact in work.facts_of(ApprovalDecided)] == ["access_request"]
    else:
        with pytest.raises(refusal):
            await deed
        assert work.facts_of(ApprovalDecided) == []


async def test_a_refusal_says_why() -> None:
    work = FakeWork()
    approval = await RequestApproval(work)(wish_of(asked()))
    bo = leader("acc_bo", "tea_blue")
    with pytest.raises(ReasonMissing):
        await Decide(work)(bo, approval.approval_id, " ", approve=False)
    assert (await Decide(work)(bo, approval.approval_id, "too much", approve=False)).approval.state == "rejected"
    assert [fact.comment for fact in work.facts_of(ApprovalDecided)] == ["too much"]


async def test_a_leader_decides_no_publication_not_even_of_another_team() -> None:
    work = FakeWork()
    wish = wish_of(asked())
    publication = await RequestApproval(work)(type(wish)(**{**vars(wish), "subject_kind": "listing_version"}))
    with pytest.raises(ApprovalNotFound):
        await Decide(work)(leader("acc_bo", "tea_blue"), publication.approval_id, "", approve=True)


async def test_the_deciding_team_reads_and_comments_and_its_row_is_about_itself() -> None:
    work = FakeWork()
    approval = await RequestApproval(work)(wish_of(asked()))
    bo = leader("acc_bo", "tea_blue")
    assert (await ReadApproval(work)(approval.approval_id, "tea_blue")).approval == approval
    await Comment(work)(bo, approval.approval_id, "how long?", "tea_blue")
    assert (work.rows.trail[-1].action, work.rows.trail[-1].team_id) == ("approval.commented", "tea_blue")
    with pytest.raises(ApprovalNotFound):
        await Comment(work)(bo, approval.approval_id, "hm", "tea_green")


@dataclass
class KeptTrail:
    """A trail that shows what it was given."""

    rows: list[tuple[Entry, str, datetime]]
    at: datetime
    row_id: str
    open: list[Entry] = field(default_factory=list[Entry])

    async def append(self, entry: Entry) -> None:
        self.open.append(entry)

    async def write(self) -> None:
        self.rows += [(entry, self.row_id, self.at) for entry in self.open]

    async def newest_first(self, wanted: object, limit: int) -> list[Any]:
        return []

    async def in_order(self, after: int, limit: int) -> list[Any]:
        return []


@pytest.mark.parametrize(
    ("fact", "action", "actor", "team"),
    [
        (KeyCreated(key_id="key_1", team_id="tea_1", account_id="acc_1"), "key.created", "acc_1", "tea_1"),
        (KeyChanged(key_id="key_1", team_id="tea_1", actor="acc_2"), "key.changed", "acc_2", "tea_1"),
        (KeyRotated(key_id="key_1", team_id="tea_1", actor="acc_2"), "key.rotated", "acc_2", "tea_1"),
        (KeyRevoked(key_id="key_1", team_id="tea_1"), "key.revoked", "consumption", "tea_1"),
        (TierChanged(name="slow", actor="acc_9"), "tier.changed", "acc_9", None),
        (BudgetChanged(kind="platform", team_id="platform", actor="acc_9"), "budget.changed", "acc_9", None),
        (BudgetChanged(kind="team", team_id="tea_1", actor="acc_9"), "budget.changed", "acc_9", "tea_1"),
        (PriceSet(listing_id="lst_1", actor="acc_9"), "price.set", "acc_9", None),
        (RecalculationStarted(run_id="rcl_1", actor="acc_9"), "recalculation.started", "acc_9", None),
        (RecalculationCompleted(run_id="rcl_1", actor="acc_9"), "recalculation.completed", "acc_9", None),
        (RecalculationFailed(run_id="rcl_1", actor="acc_9"), "recalculation.failed", "acc_9", None),
        (asked(), "access.requested", "acc_ann", "tea_red"),
        (AccessGranted(request_id="arq_1", team_id="tea_1", decided_by="acc_bo"), "access.granted", "acc_bo", "tea_1"),
        (InvoiceRegistered(invoice_id="inv_1", actor="acc_9"), "invoice.registered", "acc_9", None),
        (CallsReconciled(team_id="tea_1", actor="acc_9"), "invoice.calls_reconciled", "acc_9", "tea_1"),
        (SlaBreached(listing_id="lst_1", team_id="tea_1"), "sla.breached", "consumption", "tea_1"),
        (SlaRecovered(listing_id="lst_1", team_id="tea_1"), "sla.recovered", "consumption", "tea_1"),
        (SlaTargetsChanged(team_id="tea_1", actor="acc_2", error_rate=0), "sla.targets_changed", "acc_2", "tea_1"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Message) else str(one),
)
async def test_each_deed_becomes_one_row_with_its_actor_and_moment(
    fact: Message, action: str, actor: str, team: str | None
) -> None:
    rows: list[tuple[Entry, str, datetime]] = []
    record = RecordDeed(lambda _, at, row_id: KeptTrail(rows, at, row_id))
    handlers = {kind: handler for one in deed_consumers(record) for kind, handler in one.handlers.items()}
    assert len(handlers) == sum(len(deeds) for _, deeds in TOLD)
    await handlers[fact.DESCRIPTOR.full_name](NO_TRANSACTION, recorded(fact))
    [(entry, row_id, at)] = rows
    assert (entry.action, entry.actor, entry.team_id, row_id, at) == (action, actor, team, "aud_evt_1", NOW)


@pytest.mark.parametrize("cached", [None, 0, 7])
def test_a_price_is_told_with_that_of_cached_tokens_where_one_was_set(cached: int | None) -> None:
    fact = PriceSet(input_nanodollars_per_million=5, cached_input_nanodollars_per_million=cached)
    details = LEDGER_DEEDS[PriceSet](fact).details
    assert (details["input_nanodollars_per_million"], details["cached_input_nanodollars_per_million"]) == (5, cached)
