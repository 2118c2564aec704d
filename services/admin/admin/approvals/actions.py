"""What can be done about approvals: request, read, decide, comment, withdraw."""

from dataclasses import dataclass, replace

from google.protobuf.timestamp_pb2 import Timestamp

from admin.access import APPROVALS_DECIDE, reach_of
from admin.approvals.errors import ApprovalNotFound
from admin.approvals.ports import ApprovalFilter
from admin.approvals.rules import (
    APPROVED,
    PENDING,
    REJECTED,
    RISKS,
    WITHDRAWN,
    Approval,
    Step,
    needed_for,
    outcome,
    require_may_decide,
    require_reach,
    require_reason,
)
from admin.audit.rules import Entry
from admin.facts import APPROVAL_TOPIC
from admin.work import OpenWork, Work
from chassis.identity.principal import Principal
from marketplace.events.v1.approval_pb2 import ApprovalDecided, ApprovalRequested


@dataclass(frozen=True)
class ApprovalWish:
    """A subject for which somebody asks a yes."""

    subject_kind: str
    subject_id: str
    team_id: str
    requested_by: str
    title: str
    category: str
    risk: str
    evidence: str
    deciding_team_id: str | None = None


@dataclass(frozen=True)
class ApprovalDetail:
    """An approval with its history."""

    approval: Approval
    steps: list[Step]


@dataclass(frozen=True)
class RequestApproval:
    """Open an approval; the same subject again answers with the one that is there."""

    open_work: OpenWork

    async def __call__(self, wish: ApprovalWish) -> Approval:
        """The approval as it stands."""
        async with self.open_work(wish.team_id) as work:
            there = await work.approvals.find_by_subject(wish.subject_kind, wish.subject_id)
            if there is not None:
                return there
            approval = _opened(work, wish)
            if not await work.approvals.add(approval):
                # Somebody asked at the same time and was first.
                return _present(await work.approvals.find_by_subject(wish.subject_kind, wish.subject_id))
            await _remember(work, approval, wish.requested_by, "requested", "")
            fact = ApprovalRequested(
                approval_id=approval.approval_id,
                subject_kind=wish.subject_kind,
                subject_id=wish.subject_id,
                team_id=wish.team_id,
                requested_by=wish.requested_by,
            )
            await work.facts.append(APPROVAL_TOPIC, wish.subject_id, fact)
            return approval


@dataclass(frozen=True)
class ListApprovals:
    """List approvals, newest first."""

    open_work: OpenWork

    async def __call__(self, wanted: ApprovalFilter, limit: int, tenant: str | None) -> list[Approval]:
        """At most `limit` approvals."""
        async with self.open_work(tenant) as work:
            return await work.approvals.list_newest(wanted, limit)


@dataclass(frozen=True)
class ReadApproval:
    """Read one approval with its history."""

    open_work: OpenWork

    async def __call__(self, approval_id: str, tenant: str | None) -> ApprovalDetail:
        """Raises ApprovalNotFound."""
        async with self.open_work(tenant) as work:
            approval = _present(await work.approvals.find(approval_id))
            return ApprovalDetail(approval, await work.approvals.steps(approval_id))


@dataclass(frozen=True)
class Decide:
    """Vote on an approval; with the last needed vote it is decided, once."""

    open_work: OpenWork

    async def __call__(self, caller: Principal, approval_id: str, comment: str, *, approve: bool) -> ApprovalDetail:
        """The approval as it stands.

        Raises ApprovalNotFound, NotYoursToDecide, OwnApproval, AlreadyDecided, AlreadyVoted, ReasonMissing.
        """
        async with self.open_work() as work:
            approval = _present(await work.approvals.find_for_change(approval_id))
            require_reach(approval, reach_of(caller, APPROVALS_DECIDE))
            require_reason(approval, comment, approve=approve)
            steps = await work.approvals.steps(approval_id)
            require_may_decide(approval, steps, caller.account_id)
            vote = APPROVED if approve else REJECTED
            await _remember(work, approval, caller.account_id, vote, comment)
            state = outcome(approval.needed_approvals, [*(step.kind for step in steps), vote])
            if state != PENDING:
                approval = replace(
                    approval, state=state, decided_at=work.now, decided_by=caller.account_id, comment=comment
                )
                await self._decide(work, approval)
            return ApprovalDetail(approval, await work.approvals.steps(approval_id))

    async def _decide(self, work: Work, approval: Approval) -> None:
        await work.approvals.decide(approval)
        decided_at = Timestamp()
        decided_at.FromDatetime(work.now)
        fact = ApprovalDecided(
            approval_id=approval.approval_id,
            subject_kind=approval.subject_kind,
            subject_id=approval.subject_id,
            approved=approval.state == APPROVED,
            decided_by=approval.decided_by or "",
            comment=approval.comment or "",
            decided_at=decided_at,
        )
        await work.facts.append(APPROVAL_TOPIC, approval.subject_id, fact)


@dataclass(frozen=True)
class Comment:
    """Say something about an approval, whatever its state."""

    open_work: OpenWork

    async def __call__(self, caller: Principal, approval_id: str, comment: str, tenant: str | None) -> ApprovalDetail:
        """The approval with its history. Raises ApprovalNotFound."""
        async with self.open_work(tenant) as work:
            approval = _present(await work.approvals.find(approval_id))
            await _remember(work, approval, caller.account_id, "commented", comment, tenant)
            return ApprovalDetail(approval, await work.approvals.steps(approval_id))


@dataclass(frozen=True)
class WithdrawApproval:
    """Close an open approval whose subject went away; a decided one stays as it is."""

    open_work: OpenWork

    async def __call__(self, subject_kind: str, subject_id: str, reason: str, actor: str) -> str:
        """The state after it. Raises ApprovalNotFound."""
        async with self.open_work() as work:
            approval = _present(await work.approvals.find_by_subject(subject_kind, subject_id))
            if approval.state != PENDING:
                return approval.state
            await work.approvals.decide(
                replace(approval, state=WITHDRAWN, decided_at=work.now, decided_by=actor, comment=reason)
            )
            await _remember(work, approval, actor, WITHDRAWN, reason)
            return WITHDRAWN


def _opened(work: Work, wish: ApprovalWish) -> Approval:
    return Approval(
        approval_id=work.new_id("apr"),
        team_id=wish.team_id,
        subject_kind=wish.subject_kind,
        subject_id=wish.subject_id,
        requested_by=wish.requested_by,
        title=wish.title,
        category=wish.category,
        risk=wish.risk if wish.risk in RISKS else RISKS[-1],
        evidence=wish.evidence,
        needed_approvals=needed_for(wish.risk),
        state=PENDING,
        created_at=work.now,
        deciding_team_id=wish.deciding_team_id,
    )


async def _remember(
    work: Work, approval: Approval, actor: str, kind: str, comment: str, tenant: str | None = None
) -> None:
    step = Step(work.new_id("stp"), approval.approval_id, approval.team_id, actor, kind, comment, work.now)
    await work.approvals.add_step(step)
    details = {"subject_kind": approval.subject_kind, "subject_id": approval.subject_id}
    # A team's own role writes rows about its own team alone.
    about = tenant or approval.team_id
    entry = Entry(actor, f"approval.{kind}", "approval", approval.approval_id, about, details)
    await work.trail.append(entry)


def _present(approval: Approval | None) -> Approval:
    if approval is None:
        raise ApprovalNotFound("There is no such approval among those you may see.")
    return approval
