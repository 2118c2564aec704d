"""How many people must say yes, who may, and what their votes come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from admin.approvals.errors import AlreadyDecided, AlreadyVoted, OwnApproval

PENDING = "pending"
APPROVED = "approved"
REJECTED = "rejected"
WITHDRAWN = "withdrawn"
STATES = (PENDING, APPROVED, REJECTED, WITHDRAWN)
RISKS = ("low", "medium", "high")
# A risk nobody knows is taken for the highest.
NEEDED_APPROVALS = {"low": 1, "medium": 1, "high": 2}
NEEDED_FOR_UNKNOWN = 2


@dataclass(frozen=True)
class Approval:
    """A subject that waits for a yes, or waited. `evidence` is JSON for the approver."""

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


def outcome(needed: int, votes: Iterable[str]) -> str:
    """One no rejects; so many yeses as are needed approve; else it goes on waiting."""
    kinds = list(votes)
    if REJECTED in kinds:
        return REJECTED
    return APPROVED if kinds.count(APPROVED) >= needed else PENDING
