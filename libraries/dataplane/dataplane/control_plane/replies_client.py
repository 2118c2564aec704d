"""Claims of Idempotency-Keys, asked of consumption."""

from dataclasses import dataclass
from typing import get_args

from chassis.errors import Unavailable
from chassis.rpc.channel import Peer
from dataplane.kept_reply import KeptReply
from dataplane.reply_claims import Claim, ClaimAnswer, Standing
from marketplace.consumption.v1 import replies_pb2
from marketplace.consumption.v1.replies_pb2_grpc import RepliesStub

CLAIM_SECONDS = 3.0
_STANDINGS: dict[str, Standing] = {name: name for name in get_args(Standing)}


@dataclass(frozen=True)
class GrpcReplies:
    """Replies of the data plane; what is claimed is claimed by this holder."""

    peer: Peer
    holder: str

    async def claim(self, claim: Claim) -> ClaimAnswer:
        """Claim a key; the answer may have been lost where this raises, and the claim may stand."""
        request = replies_pb2.ClaimReplyRequest(
            holder=self.holder,
            team_id=claim.team_id,
            scope_digest=claim.scope_digest,
            body_digest=claim.body_digest,
            call_id=claim.call_id,
        )
        stub = RepliesStub(self.peer.channel)
        return answer_of(await self.peer.ask(stub.ClaimReply, request, deadline=CLAIM_SECONDS))


def answer_of(response: replies_pb2.ClaimReplyResponse) -> ClaimAnswer:
    """The data plane's answer; raises Unavailable for a standing that this build does not know."""
    standing = _STANDINGS.get(response.standing)
    if standing is None:
        raise Unavailable("Consumption says of a key what this gateway does not know.")
    reply = response.reply
    return ClaimAnswer(
        standing,
        response.call_id,
        KeptReply("kept", reply.status, reply.header_lines, reply.body) if response.HasField("reply") else None,
        response.cost_nanodollars if response.HasField("cost_nanodollars") else None,
    )
