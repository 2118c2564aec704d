"""Approvals and their steps in PostgreSQL."""

from dataclasses import dataclass

from admin.approvals.ports import ApprovalFilter
from admin.approvals.rules import Approval, Step
from chassis.database.transaction import Row, Transaction

_SELECT = (
    "SELECT approval_id, team_id, subject_kind, subject_id, requested_by, title, category, risk, evidence::text,"
    " needed_approvals, state, created_at, decided_at, decided_by, comment, deciding_team_id FROM approvals"
)


@dataclass(frozen=True)
class PostgresApprovals:
    """The approvals that this transaction may see."""

    transaction: Transaction

    async def add(self, approval: Approval) -> bool:
        """False where the subject has one already."""
        done = await self.transaction.execute(
            "INSERT INTO approvals (approval_id, team_id, subject_kind, subject_id, requested_by, title, category,"
            " risk, evidence, needed_approvals, state, created_at, deciding_team_id)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10, $11, $12, $13)"
            " ON CONFLICT (subject_kind, subject_id) DO NOTHING",
            *(*list(vars(approval).values())[:12], approval.deciding_team_id),
        )
        return done == "INSERT 0 1"

    async def find(self, approval_id: str) -> Approval | None:
        """The approval, if this transaction may see it."""
        return _approval_or_none(await self.transaction.fetch_one(_SELECT + " WHERE approval_id = $1", approval_id))

    async def find_for_change(self, approval_id: str) -> Approval | None:
        """The same, locked until the transaction ends."""
        return _approval_or_none(
            await self.transaction.fetch_one(_SELECT + " WHERE approval_id = $1 FOR UPDATE", approval_id)
        )

    async def find_by_subject(self, subject_kind: str, subject_id: str) -> Approval | None:
        """The subject's approval, locked until the transaction ends."""
        return _approval_or_none(
            await self.transaction.fetch_one(
                _SELECT + " WHERE subject_kind = $1 AND subject_id = $2 FOR UPDATE",
                subject_kind,
                subject_id,
            )
        )

    async def list_newest(self, wanted: ApprovalFilter, limit: int) -> list[Approval]:
        """At most `limit` approvals."""
        rows = await self.transaction.fetch(
            _SELECT + " WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR subject_kind = $2)"
            " AND ($3::text IS NULL OR risk = $3) AND ($4::text IS NULL OR team_id = $4)"
            " AND ($5::text IS NULL OR requested_by = $5) AND ($6::text IS NULL OR approval_id < $6)"
            " ORDER BY approval_id DESC LIMIT $7",
            wanted.state,
            wanted.subject_kind,
            wanted.risk,
            wanted.team_id,
            wanted.requested_by,
            wanted.before,
            limit,
        )
        return [_approval_of(row) for row in rows]

    async def count(self, state: str, team_id: str | None) -> int:
        """How many are in a state, of one team or of all that this transaction sees."""
        return await self.transaction.fetch_value(
            "SELECT count(*) FROM approvals WHERE state = $1 AND ($2::text IS NULL OR team_id = $2)", state, team_id
        )

    async def decide(self, approval: Approval) -> None:
        """Write the state, and who decided, when and with which words."""
        await self.transaction.execute(
            "UPDATE approvals SET state = $2, decided_at = $3, decided_by = $4, comment = $5 WHERE approval_id = $1",
            approval.approval_id,
            approval.state,
            approval.decided_at,
            approval.decided_by,
            approval.comment,
        )

    async def add_step(self, step: Step) -> None:
        """Append to the history."""
        await self.transaction.execute(
            "INSERT INTO approval_steps (step_id, approval_id, team_id, actor, kind, comment, happened_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            *vars(step).values(),
        )

    async def steps(self, approval_id: str) -> list[Step]:
        """The history, oldest first."""
        rows = await self.transaction.fetch(
            "SELECT step_id, approval_id, team_id, actor, kind, comment, happened_at FROM approval_steps"
            " WHERE approval_id = $1 ORDER BY happened_at, step_id LIMIT 1000",
            approval_id,
        )
        return [Step(*row.values()) for row in rows]


def _approval_or_none(row: Row | None) -> Approval | None:
    return _approval_of(row) if row else None


def _approval_of(row: Row) -> Approval:
    return Approval(*row.values())
