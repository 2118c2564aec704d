"""The gRPC door of approvals, for the service whose subject waits."""

import json
from dataclasses import dataclass

import grpc

from admin.approvals.actions import ApprovalWish, RequestApproval, WithdrawApproval
from chassis.database.jsonb import jsonb_text
from chassis.errors import InvalidInput
from marketplace.admin.v1 import approvals_pb2 as messages
from marketplace.admin.v1.approvals_pb2_grpc import ApprovalsServicer

MAX_EVIDENCE_BYTES = 256 * 1024
MAX_TEXT = 500


@dataclass(frozen=True)
class ApprovalsDoor(ApprovalsServicer):
    """Opens and closes approvals; deciding is for people."""

    request_approval: RequestApproval
    withdraw_approval: WithdrawApproval

    async def RequestApproval(
        self,
        request: messages.RequestApprovalRequest,
        context: grpc.aio.ServicerContext[messages.RequestApprovalRequest, messages.RequestApprovalResponse],
    ) -> messages.RequestApprovalResponse:
        """Open an approval, or answer with the one that is there."""
        approval = await self.request_approval(_wish(request))
        return messages.RequestApprovalResponse(
            approval_id=approval.approval_id,
            state=approval.state,
            decided_by=approval.decided_by or "",
            comment=approval.comment or "",
        )

    async def WithdrawApproval(
        self,
        request: messages.WithdrawApprovalRequest,
        context: grpc.aio.ServicerContext[messages.WithdrawApprovalRequest, messages.WithdrawApprovalResponse],
    ) -> messages.WithdrawApprovalResponse:
        """Close an open approval."""
        state = await self.withdraw_approval(
            request.subject_kind, request.subject_id, request.reason[:MAX_TEXT], "publishing"
        )
        return messages.WithdrawApprovalResponse(state=state)


def _wish(request: messages.RequestApprovalRequest) -> ApprovalWish:
    needed = (request.subject_kind, request.subject_id, request.team_id, request.requested_by)
    if not all(needed) or any(len(text) > MAX_TEXT for text in needed):
        raise InvalidInput("Name the subject, its team and its requester.")
    return ApprovalWish(
        subject_kind=request.subject_kind,
        subject_id=request.subject_id,
        team_id=request.team_id,
        requested_by=request.requested_by,
        title=request.title[:MAX_TEXT],
        category=request.category[:MAX_TEXT],
        risk=request.risk,
        evidence=_evidence(request.evidence_json),
    )


def _evidence(text: str) -> str:
    if len(text.encode()) > MAX_EVIDENCE_BYTES:
        raise InvalidInput("The evidence is larger than 256 KiB: leave out details.")
    try:
        return jsonb_text(json.loads(text or "{}"))
    except ValueError:
        raise InvalidInput("The evidence is not JSON.") from None
