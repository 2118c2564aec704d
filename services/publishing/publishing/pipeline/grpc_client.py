"""The other services as the phases need them: admin for teams and approvals, discovery for what search shows."""

import json

from chassis.errors import ErrorKind
from chassis.rpc.channel import Peer, RemoteError
from marketplace.admin.v1 import approvals_pb2, identity_pb2
from marketplace.admin.v1.approvals_pb2_grpc import ApprovalsStub
from marketplace.admin.v1.identity_pb2_grpc import IdentityStub
from marketplace.discovery.v1 import index_status_pb2
from marketplace.discovery.v1.index_status_pb2_grpc import IndexStatusStub
from publishing.pipeline.ports import WITHDRAWN, ApprovalAnswer, ApprovalRequest, Indexed

SUBJECT_KIND = "listing_version"


class AdminTeams:
    """Admin's Identity."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = IdentityStub(peer.channel)

    async def slug_of(self, team_id: str) -> str | None:
        """The team's slug now; None where there is no such team."""
        try:
            answer = await self._peer.ask(self._stub.GetTeam, identity_pb2.GetTeamRequest(team_id=team_id))
        except RemoteError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                return None
            raise
        return answer.slug


class AdminApprovals:
    """Admin's Approvals."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = ApprovalsStub(peer.channel)

    async def request(self, wanted: ApprovalRequest) -> ApprovalAnswer:
        """Open one; the same version again answers with the one that is there."""
        request = approvals_pb2.RequestApprovalRequest(
            subject_kind=SUBJECT_KIND,
            subject_id=wanted.version_id,
            team_id=wanted.team_id,
            requested_by=wanted.requested_by,
            title=wanted.title,
            category=wanted.category,
            risk=wanted.risk,
            evidence_json=json.dumps(wanted.evidence),
        )
        answer = await self._peer.ask(self._stub.RequestApproval, request, account_id=wanted.requested_by)
        return ApprovalAnswer(answer.approval_id, answer.state, answer.decided_by, answer.comment)

    async def withdraw(self, version_id: str, reason: str) -> str:
        """Close it; closing twice is no error. The state after it: one that is decided stays so.

        What never was opened counts as withdrawn.
        """
        request = approvals_pb2.WithdrawApprovalRequest(subject_kind=SUBJECT_KIND, subject_id=version_id, reason=reason)
        try:
            answer = await self._peer.ask(self._stub.WithdrawApproval, request)
        except RemoteError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                return WITHDRAWN
            raise
        return answer.state


class DiscoveryIndexStatus:
    """Discovery's IndexStatus."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = IndexStatusStub(peer.channel)

    async def indexed(self, listing_id: str) -> Indexed | None:
        """None while the listing cannot be found."""
        request = index_status_pb2.GetIndexedListingRequest(listing_id=listing_id)
        try:
            answer = await self._peer.ask(self._stub.GetIndexedListing, request)
        except RemoteError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                return None
            raise
        return Indexed(answer.listing_version_id, answer.revision)
