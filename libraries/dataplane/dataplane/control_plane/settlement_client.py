"""The ends of calls, carried to consumption as the journal holds them."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.rpc.channel import Peer
from marketplace.consumption.v1 import settlement_pb2
from marketplace.consumption.v1.settlement_pb2_grpc import SettlementStub

SETTLE_SECONDS = 20.0


@dataclass(frozen=True)
class GrpcSettler:
    """Settler of the data plane."""

    peer: Peer

    async def settle(self, holder: str, ends: Sequence[bytes]) -> None:
        """Commit ended calls and lease returns; returning means committed."""
        request = settlement_pb2.CommitFramesRequest(holder=holder, frames=b"".join(ends))
        await self.peer.ask(SettlementStub(self.peer.channel).CommitFrames, request, deadline=SETTLE_SECONDS)

    async def seal(self, holder: str) -> None:
        """Give up all leases of a holder for good."""
        stub = SettlementStub(self.peer.channel)
        await self.peer.ask(stub.SealHolder, settlement_pb2.SealHolderRequest(holder=holder), deadline=SETTLE_SECONDS)
