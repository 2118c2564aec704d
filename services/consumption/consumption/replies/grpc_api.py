"""The Replies door."""

from chassis.errors import InvalidInput
from chassis.rpc.server import Context
from consumption.replies.actions import Answered, ClaimReply
from consumption.replies.rules import Claim, Standing
from marketplace.consumption.v1 import replies_pb2
from marketplace.consumption.v1.replies_pb2_grpc import RepliesServicer

_DIGEST_BYTES = 32
# What the end of a call tells; the others say no more than who holds the key.
_ENDED = frozenset({Standing.KEPT, Standing.TOO_LARGE, Standing.CALLER_LEFT})


class RepliesDoor(RepliesServicer):
    """Translates claims."""

    def __init__(self, claim: ClaimReply) -> None:
        self._claim = claim

    async def ClaimReply(
        self, request: replies_pb2.ClaimReplyRequest, context: Context
    ) -> replies_pb2.ClaimReplyResponse:
        """Claim a key for a call, or tell of the call that holds it."""
        if not request.holder or not request.team_id or not request.call_id:
            raise InvalidInput("Name holder, team and call.")
        if {len(request.scope_digest), len(request.body_digest)} != {_DIGEST_BYTES}:
            raise InvalidInput(f"Digests have {_DIGEST_BYTES} bytes.")
        claim = Claim(request.holder, request.team_id, request.scope_digest, request.body_digest, request.call_id)
        return _response(await self._claim(claim))


def _response(answered: Answered) -> replies_pb2.ClaimReplyResponse:
    held, standing = answered.held, answered.standing
    response = replies_pb2.ClaimReplyResponse(standing=standing.value)
    if standing is Standing.DIFFERENT_BODY:
        return response
    response.call_id = held.call_id
    if standing in _ENDED and held.cost is not None:
        response.cost_nanodollars = held.cost
    if standing is Standing.KEPT and held.reply is not None:
        reply = held.reply
        response.reply.CopyFrom(
            replies_pb2.KeptReply(
                fate=Standing.KEPT.value, status=reply.status, header_lines=reply.header_lines, body=reply.body
            )
        )
    return response
