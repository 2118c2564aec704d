"""One transaction as actions see it: every store of the service, the moment it began, and ids."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from admin.accounts.ports import AccountStore
from admin.analytics.ports import FigureStore
from admin.approvals.ports import ApprovalStore
from admin.audit.ports import Trail
from admin.epochs.ports import EpochStore
from admin.facts import Facts
from admin.policies.ports import PolicyStore
from admin.sessions.ports import AttemptStore, SessionStore
from admin.teams.ports import TeamStore


@dataclass(frozen=True)
class Work:
    """All of it is committed together, or none of it."""

    now: datetime
    new_id: Callable[[str], str]
    accounts: AccountStore
    epochs: EpochStore
    teams: TeamStore
    sessions: SessionStore
    attempts: AttemptStore
    approvals: ApprovalStore
    figures: FigureStore
    policies: PolicyStore
    trail: Trail
    facts: Facts


class OpenWork(Protocol):
    """Opens one unit of work; leaving it commits, an error undoes it."""

    def __call__(self, tenant: str | None = None) -> AbstractAsyncContextManager[Work]:
        """With a tenant, row security shows that team alone; without one, the work reaches across teams."""
        ...
