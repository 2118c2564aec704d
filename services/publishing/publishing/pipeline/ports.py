"""What the phases ask of others, and where they write down how far they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from publishing.pipeline.rules import Json, PhaseState, RunView, WaitingVersion

WITHDRAWN = "withdrawn"


class PhaseLedger(Protocol):
    """The phases of runs, written by the worker; each write may be repeated."""

    async def begin(self, run_id: str, phase: str) -> None:
        """The phase runs; its first start is kept."""
        ...

    async def end(self, run_id: str, phase: str, state: PhaseState, report: Json | None) -> None:
        """The phase ended."""
        ...

    async def undone(self, run_id: str, phase: str) -> None:
        """What had passed was taken back."""
        ...

    async def stopped(self, run_id: str, phase: str, report: Json) -> None:
        """The phase at which the run stopped failed, and so did whatever still ran."""
        ...


class RunReads(Protocol):
    """Runs as people see them."""

    async def run(self, tenant: str | None, run_id: str) -> RunView | None:
        """A run of that team; any team's where the tenant is None."""
        ...


class WaitingVersions(Protocol):
    """The versions in the pipeline, across teams."""

    async def page(self, since: datetime, after: str, limit: int) -> list[WaitingVersion]:
        """Those submitted before `since`, by their listing's id, from the one after `after`."""
        ...


class Teams(Protocol):
    """Who is who, asked of admin."""

    async def slug_of(self, team_id: str) -> str | None:
        """The team's slug now; None where there is no such team."""
        ...


@dataclass(frozen=True)
class ApprovalRequest:
    """What an approver is asked."""

    version_id: str
    team_id: str
    requested_by: str
    title: str
    category: str
    risk: str
    evidence: Json


@dataclass(frozen=True)
class ApprovalAnswer:
    """Where an approval stands: pending, approved, rejected or withdrawn."""

    approval_id: str
    state: str
    decided_by: str
    comment: str


class Approvals(Protocol):
    """Approvals, asked of admin."""

    async def request(self, wanted: ApprovalRequest) -> ApprovalAnswer:
        """Open one; the same version again answers with the one that is there."""
        ...

    async def withdraw(self, version_id: str, reason: str) -> str:
        """Close it; closing twice is no error. The state after it: one that is decided stays so."""
        ...


@dataclass(frozen=True)
class Indexed:
    """What search answers with."""

    version_id: str
    revision: int


class IndexStatus(Protocol):
    """The search index, asked of discovery."""

    async def indexed(self, listing_id: str) -> Indexed | None:
        """None while the listing cannot be found."""
        ...


class Acknowledgements(Protocol):
    """Who has taken a fact about listings."""

    async def behind(self, event_id: str, groups: Sequence[str]) -> int | None:
        """How many of the consumer groups have not; None while the fact has no place in the log."""
        ...
