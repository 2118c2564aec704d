"""Approvals: votes, who may cast them, what they come to."""

import pytest
from fakes.admin import FakeWork, principal

from admin.approvals.actions import (
    ApprovalWish,
    Comment,
    Decide,
    ListApprovals,
    ReadApproval,
    RequestApproval,
    WithdrawApproval,
)
from admin.approvals.errors import AlreadyDecided, AlreadyVoted, ApprovalNotFound, OwnApproval
from admin.approvals.ports import ApprovalFilter
from admin.approvals.rules import needed_for, outcome
from marketplace.events.v1.approval_pb2 import ApprovalDecided, ApprovalRequested

ANN, BEN = principal("acc_ann", "approver"), principal("acc_ben", "admin")


def wish(risk: str = "low", subject: str = "ver_1") -> ApprovalWish:
    """Something to approve."""
    return ApprovalWish("listing_version", subject, "tea_red", "acc_pub", "A listing", "chat", risk, "{}")


@pytest.mark.parametrize(
    ("needed", "votes", "state"),
    [
        (1, [], "pending"),
        (1, ["approved"], "approved"),
        (1, ["commented", "rejected"], "rejected"),
        (2, ["requested", "approved"], "pending"),
        (2, ["approved", "approved"], "approved"),
        (2, ["approved", "rejected"], "rejected"),
    ],
)
def test_votes_come_to(needed: int, votes: list[str], state: str) -> None:
    assert outcome(needed, votes) == state


def test_a_risk_nobody_knows_needs_as_many_as_the_highest() -> None:
    assert [needed_for(risk) for risk in ("low", "medium", "high", "odd", "")] == [1, 1, 2, 2, 2]


async def test_one_yes_approves_a_low_risk_once() -> None:
    work = FakeWork()
    approval = await RequestApproval(work)(wish())
    assert await RequestApproval(work)(wish()) == approval
    detail = await Decide(work)(ANN, approval.approval_id, "good", approve=True)
    assert (detail.approval.state, detail.approval.decided_by) == ("approved", "acc_ann")
    with pytest.raises(AlreadyDecided):
        await Decide(work)(BEN, approval.approval_id, "late", approve=False)
    decided = work.facts_of(ApprovalDecided)
    assert [(fact.subject_id, fact.approved, fact.comment) for fact in decided] == [("ver_1", True, "good")]
    assert len(work.facts_of(ApprovalRequested)) == 1
    assert (await RequestApproval(work)(wish())).state == "approved"


async def test_a_high_risk_needs_two_people_neither_of_them_the_requester() -> None:
    work = FakeWork()
    approval = await RequestApproval(work)(wish("high"))
    decide = Decide(work)
    with pytest.raises(OwnApproval):
        await decide(principal("acc_pub", "super_admin"), approval.approval_id, "", approve=True)
    assert (await decide(ANN, approval.approval_id, "", approve=True)).approval.state == "pending"
    assert work.facts_of(ApprovalDecided) == []
    with pytest.raises(AlreadyVoted):
        await decide(ANN, approval.approval_id, "", approve=True)
    assert (await decide(BEN, approval.approval_id, "", approve=True)).approval.state == "approved"


async def test_a_withdrawn_approval_is_not_decided_and_a_decided_one_not_withdrawn() -> None:
    work = FakeWork()
    one = await RequestApproval(work)(wish())
    two = await RequestApproval(work)(wish(subject="ver_2"))
    withdraw = WithdrawApproval(work)
    assert await withdraw("listing_version", "ver_1", "gone", "publishing") == "withdrawn"
    assert await withdraw("listing_version", "ver_1", "gone", "publishing") == "withdrawn"
    with pytest.raises(AlreadyDecided):
        await Decide(work)(ANN, one.approval_id, "", approve=True)
    await Decide(work)(ANN, two.approval_id, "", approve=False)
    assert await withdraw("listing_version", "ver_2", "gone", "publishing") == "rejected"
    with pytest.raises(ApprovalNotFound):
        await withdraw("listing_version", "ver_3", "gone", "publishing")


async def test_the_history_keeps_comments_and_strangers_see_nothing() -> None:
    work = FakeWork()
    approval = await RequestApproval(work)(wish())
    await Comment(work)(principal("acc_pub"), approval.approval_id, "please", "tea_red")
    detail = await ReadApproval(work)(approval.approval_id, "tea_red")
    assert [step.kind for step in detail.steps] == ["requested", "commented"]
    with pytest.raises(ApprovalNotFound):
        await ReadApproval(work)(approval.approval_id, "tea_blue")
    with pytest.raises(ApprovalNotFound):
        await Comment(work)(principal("acc_x"), approval.approval_id, "hello", "tea_blue")
    assert await ListApprovals(work)(ApprovalFilter(state="pending"), 10, None) == [approval]
    assert await ListApprovals(work)(ApprovalFilter(), 10, "tea_blue") == []
