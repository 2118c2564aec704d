"""How many people must say yes, who may, and what their votes come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from admin.approvals.errors import (
    AlreadyDecided,
    AlreadyVoted,
    ApprovalNotFound,
    NotYoursToDecide,
    OwnApproval,
    ReasonMissing,
)

PENDING = "pending"
APPROVED = "approved"
REJECTED = "rejected"
WITHDRAWN = "withdrawn"
STATES = (PENDING, APPROVED, REJECTED, WITHDRAWN)
ACCESS_REQUEST = "access_request"
RISKS = ("low", "medium", "high")
# A risk nobody knows is taken for the highest.
NEEDED_APPROVALS = {"low": 1, "medium": 1, "high": 2}
NEEDED_FOR_UNKNOWN = 2


@dataclass(frozen=True)
class Approval:
    """A subject that waits for a yes, or waited. `evidence` is JSON for the approver.

    `team_id` is the asking team; `deciding_team_id` a team that may decide beside the platform's people.
    """

    approval_id: str
    team_id: str
    subject_kind: str
    subject_id: str
    requested_by: str
    title: str
    category: str
    risk: str
    evidence: str
    needed_approvals: int
    state: str
    created_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    comment: str | None = None
    deciding_team_id: str | None = None


@dataclass(frozen=True)
class Step:
    """Something somebody did about an approval: requested, approved, rejected, commented or withdrawn."""

    step_id: str
    approval_id: str
    team_id: str
    actor: str
    kind: str
    comment: str
    happened_at: datetime


def needed_for(risk: str) -> int:
    """How many different people must approve."""
    return NEEDED_APPROVALS.get(risk, NEEDED_FOR_UNKNOWN)


def require_may_decide(approval: Approval, steps: Iterable[Step], account_id: str) -> None:
    """Raise OwnApproval, AlreadyDecided or AlreadyVoted."""
    if approval.requested_by == account_id:
        raise OwnApproval("You asked for this yourself: somebody else must decide it.")
    if approval.state != PENDING:
        raise AlreadyDecided(f"This is {approval.state} already: nothing is left to decide.", state=approval.state)
    if any(step.actor == account_id and step.kind in {APPROVED, REJECTED} for step in steps):
        raise AlreadyVoted("You have voted on this: it needs somebody else too.")


def require_reach(approval: Approval, team_id: str | None) -> None:
    """Raise where a team's leader may not decide: None reaches every approval, a team those that wait for it."""
    if team_id is None or (approval.subject_kind == ACCESS_REQUEST and approval.deciding_team_id == team_id):
        return
    if approval.team_id == team_id:
        raise NotYoursToDecide("Your own team asked for this: somebody else decides it.")
    raise ApprovalNotFound("There is no such approval among those you may see.")


def require_reason(approval: Approval, comment: str, *, approve: bool) -> None:
    """Raise ReasonMissing for a refusal of access without a word."""
    if approval.subject_kind == ACCESS_REQUEST and not approve and not comment.strip():
        raise ReasonMissing("Say why, in `comment`: the asker is told.", pointer="/comment")


def outcome(needed: int, votes: Iterable[str]) -> str:
    """One no rejects; so many yeses as are needed approve; else it goes on waiting."""
    kinds = list(votes)
    if REJECTED in kinds:
        return REJECTED
    return APPROVED if kinds.count(APPROVED) >= needed else PENDING
