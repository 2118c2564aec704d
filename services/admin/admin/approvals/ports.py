"""What approvals need from outside: their rows inside a transaction."""

from dataclasses import dataclass
from typing import Protocol

from admin.approvals.rules import Approval, Step


@dataclass(frozen=True)
class ApprovalFilter:
    """Which approvals are wanted, newest first; None wants all. `before` is an approval id."""

    state: str | None = None
    subject_kind: str | None = None
    risk: str | None = None
    team_id: str | None = None
    requested_by: str | None = None
    before: str | None = None


class ApprovalStore(Protocol):
    """Approvals and their steps inside one transaction."""

    async def add(self, approval: Approval) -> bool:
        """False where the subject has one already."""
        ...

    async def find(self, approval_id: str) -> Approval | None:
        """The approval, if this transaction may see it."""
        ...

    async def find_for_change(self, approval_id: str) -> Approval | None:
        """The same, locked until the transaction ends."""
        ...

    async def find_by_subject(self, subject_kind: str, subject_id: str) -> Approval | None:
        """The subject's approval, locked until the transaction ends."""
        ...

    async def list_newest(self, wanted: ApprovalFilter, limit: int) -> list[Approval]:
        """At most `limit` approvals."""
        ...

    async def count(self, state: str, team_id: str | None) -> int:
        """How many are in a state, of one team or of all that this transaction sees."""
        ...

    async def decide(self, approval: Approval) -> None:
        """Write the state, and who decided, when and with which words."""
        ...

    async def add_step(self, step: Step) -> None:
        """Append to the history."""
        ...

    async def steps(self, approval_id: str) -> list[Step]:
        """The history, oldest first."""
        ...
