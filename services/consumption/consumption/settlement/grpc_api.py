"""The Settlement door."""

from chassis.clock import Clock
from chassis.errors import InvalidInput
from chassis.rpc.server import Context
from consumption.settlement.journal_ends import ends_of
from consumption.settlement.ports import SettlementStore
from marketplace.consumption.v1 import settlement_pb2
from marketplace.consumption.v1.settlement_pb2_grpc import SettlementServicer


class SettlementDoor(SettlementServicer):
    """Takes what journals tell."""

    def __init__(self, store: SettlementStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def CommitFrames(
        self, request: settlement_pb2.CommitFramesRequest, context: Context
    ) -> settlement_pb2.CommitEndsResponse:
        """Commit a batch."""
        ends = ends_of(request.holder, request.frames)
        fresh = await self._store.commit(request.holder, ends.calls, ends.returns, self._clock.now(), ends.unmade)
        return settlement_pb2.CommitEndsResponse(committed=fresh, already_known=len(ends.calls) - fresh)

    async def CommitEnds(
        self, request: settlement_pb2.CommitEndsRequest, context: Context
    ) -> settlement_pb2.CommitEndsResponse:
        """Refuse ends as they came before they came as frames: their journal is kept, and its successor sends it."""
        raise InvalidInput("Ends of calls come as frames of a journal; start this process anew.")

    async def SealHolder(
        self, request: settlement_pb2.SealHolderRequest, context: Context
    ) -> settlement_pb2.SealHolderResponse:
        """Take back what a holder still leased."""
        await self._store.seal(request.holder, self._clock.now())
        return settlement_pb2.SealHolderResponse()
