"""The HTTP door of approvals: /workflows."""

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from admin.access import APPROVALS_COMMENT, APPROVALS_DECIDE, APPROVALS_READ, reach_of
from admin.approvals.actions import ApprovalDetail, Comment, Decide, ListApprovals, ReadApproval
from admin.approvals.ports import ApprovalFilter
from admin.approvals.rules import Approval
from admin.fields import Answer, ApprovalId, CommentText, Moment, Request, TeamQuery, Word
from admin.pages import Wanted, page_of
from chassis.web.access import Caller, requires
from chassis.web.application import provided
from chassis.web.pages import Cursors, PageCursor, PageLimit

router = APIRouter(prefix="/workflows", tags=["approvals"])
State = Literal["pending", "approved", "rejected", "withdrawn"]
Risk = Literal["low", "medium", "high"]


class DecisionBody(Request):
    """Why."""

    comment: CommentText = ""


class CommentBody(Request):
    """What there is to say."""

    comment: CommentText


class ApprovalBody(Answer):
    """Something that waits for a yes, or waited."""

    approval_id: str
    team_id: str
    subject_kind: str
    subject_id: str
    requested_by: str
    title: str
    category: str
    risk: Risk
    needed_approvals: int
    state: State
    created_at: Moment
    decided_at: Moment | None
    decided_by: str | None
    comment: str | None
    deciding_team_id: str | None


class StepBody(Answer):
    """Something somebody did about it."""

    step_id: str
    actor: str
    kind: str
    comment: str
    happened_at: Moment


class ApprovalDetailBody(ApprovalBody):
    """An approval with the evidence and its history, oldest first."""

    evidence: Any
    history: list[StepBody]


class ApprovalPage(Answer):
    """A page of approvals."""

    items: list[ApprovalBody]
    next_cursor: str | None


class QueueFilter(BaseModel):
    """What the queue is narrowed to."""

    model_config = ConfigDict(extra="forbid")

    state: State | None = None
    risk: Risk | None = None
    subject_kind: Word = None
    team_id: TeamQuery = None
    requested_by: Word = None
    limit: PageLimit = 50
    cursor: PageCursor = None


def _detail(found: ApprovalDetail) -> ApprovalDetailBody:
    return ApprovalDetailBody.model_validate(
        {**vars(found.approval), "evidence": json.loads(found.approval.evidence), "history": found.steps}
    )


@router.get("", dependencies=[requires(APPROVALS_READ)])
async def list_workflows(
    caller: Caller,
    approvals: Annotated[ListApprovals, Depends(provided("list_approvals"))],
    cursors: Annotated[Cursors, Depends(provided("cursors"))],
    filters: Annotated[QueueFilter, Query()],
) -> ApprovalPage:
    """List approvals, newest first: of the own team, or of all for the platform's people."""
    tenant = reach_of(caller, APPROVALS_READ)
    narrowed = filters.model_dump(exclude={"limit", "cursor"})

    async def read(before: str | None, limit: int) -> list[Approval]:
        return await approvals(ApprovalFilter(**narrowed, before=before), limit, tenant)

    wanted = Wanted(filters.limit, filters.cursor, {"list": "workflows", "tenant": tenant, **narrowed})
    page = await page_of(cursors, wanted, read, lambda approval: approval.approval_id)
    return ApprovalPage(items=[ApprovalBody.model_validate(one) for one in page.items], next_cursor=page.next_cursor)


@router.get("/{approval_id}", dependencies=[requires(APPROVALS_READ)])
async def read_workflow(
    approval_id: ApprovalId, caller: Caller, read: Annotated[ReadApproval, Depends(provided("read_approval"))]
) -> ApprovalDetailBody:
    """Read one approval with its evidence and history."""
    return _detail(await read(approval_id, reach_of(caller, APPROVALS_READ)))


@router.post("/{approval_id}/approve", dependencies=[requires(APPROVALS_DECIDE)])
async def approve_workflow(
    approval_id: ApprovalId,
    body: DecisionBody,
    caller: Caller,
    decide: Annotated[Decide, Depends(provided("decide"))],
) -> ApprovalDetailBody:
    """Say yes. Nobody says it to what he asked for himself; a high risk needs two people.

    A team's owners and admins decide who gets access to its listings; all else is for the platform's people.
    """
    return _detail(await decide(caller, approval_id, body.comment, approve=True))


@router.post("/{approval_id}/reject", dependencies=[requires(APPROVALS_DECIDE)])
async def reject_workflow(
    approval_id: ApprovalId,
    body: DecisionBody,
    caller: Caller,
    decide: Annotated[Decide, Depends(provided("decide"))],
) -> ApprovalDetailBody:
    """Say no; one no decides. Who asked for access is told why, in `comment`."""
    return _detail(await decide(caller, approval_id, body.comment, approve=False))


@router.post("/{approval_id}/comments", status_code=201, dependencies=[requires(APPROVALS_COMMENT)])
async def comment_workflow(
    approval_id: ApprovalId,
    body: CommentBody,
    caller: Caller,
    comment: Annotated[Comment, Depends(provided("comment"))],
) -> ApprovalDetailBody:
    """Say something about an approval."""
    return _detail(await comment(caller, approval_id, body.comment, reach_of(caller, APPROVALS_COMMENT)))
