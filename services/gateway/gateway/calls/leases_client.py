"""Leases from consumption."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.rpc.channel import Peer
from dataplane.leases import LeaseGrant, LeaseWish, ScopeShort
from dataplane.ports import LeaseAnswer
from gateway.calls.keys_client import microseconds
from marketplace.consumption.v1 import leases_pb2
from marketplace.consumption.v1.leases_pb2_grpc import LeasesStub


@dataclass(frozen=True)
class GrpcLeaseSource:
    """LeaseSource of the data plane."""

    peer: Peer

    async def acquire(self, holder: str, request_id: str, wishes: Sequence[LeaseWish]) -> LeaseAnswer:
        """All wishes or none; the same request id gives the same answer."""
        request = leases_pb2.AcquireLeasesRequest(
            holder=holder,
            request_id=request_id,
            wishes=[leases_pb2.LeaseWish(scope_id=w.scope_id, needed=w.needed, wanted=w.wanted) for w in wishes],
        )
        answer = await self.peer.ask(LeasesStub(self.peer.channel).AcquireLeases, request)
        return LeaseAnswer(
            granted=tuple(
                LeaseGrant(lease.scope_id, lease.amount, lease.remaining, microseconds(lease.period_ends_at))
                for lease in answer.granted
            ),
            short=tuple(
                ScopeShort(short.scope_id, short.limit, short.remaining, microseconds(short.resets_at))
                for short in answer.short
            ),
        )
