"""Leases from consumption, and what goes back to it when it recalls them."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.rpc.channel import Peer
from dataplane.control_plane.keys_client import microseconds
from dataplane.leases import LeaseGrant, LeaseWish, ScopeShort
from dataplane.ports import GivenBack, LeaseAnswer
from dataplane.recall_answers import Recall
from marketplace.consumption.v1 import leases_pb2
from marketplace.consumption.v1.leases_pb2_grpc import LeasesStub

_RECONNECT_SECONDS = 0.5
_log = logging.getLogger("dataplane.leases")


@dataclass(frozen=True)
class GrpcLeaseSource:
    """LeaseSource and LeaseReturns of the data plane."""

    peer: Peer

    async def acquire(
        self, holder: str, request_id: str, wishes: Sequence[LeaseWish], *, recall: bool = False, done_below: str = ""
    ) -> LeaseAnswer:
        """All wishes or none; the same request id gives the same answer."""
        request = leases_pb2.AcquireLeasesRequest(
            holder=holder,
            request_id=request_id,
            wishes=[leases_pb2.LeaseWish(scope_id=w.scope_id, needed=w.needed, wanted=w.wanted) for w in wishes],
            recall=recall,
            done_below=done_below,
        )
        answer = await self.peer.ask(LeasesStub(self.peer.channel).AcquireLeases, request)
        return LeaseAnswer(tuple(map(_grant, answer.granted)), tuple(map(_short, answer.short)))

    async def give_back(self, holder: str, return_id: str, given: Sequence[GivenBack]) -> None:
        """Give idle amounts back; counts once by the id."""
        request = leases_pb2.ReturnLeasesRequest(holder=holder, return_id=return_id, given=map(_given, given))
        await self.peer.ask(LeasesStub(self.peer.channel).ReturnLeases, request)

    async def watch_recalls(self, holder: str, hear: Callable[[Recall], None]) -> None:
        """Tell of every recall until cancelled; those that nobody answered come again after a gap."""
        stub = LeasesStub(self.peer.channel)
        while True:
            try:
                request = leases_pb2.WatchRecallsRequest(holder=holder)
                async for recall in stub.WatchRecalls(request, metadata=self.peer.metadata(), wait_for_ready=True):
                    hear(Recall(recall.scope_id, microseconds(recall.period_ends_at), recall.number))
            except grpc.aio.AioRpcError as error:
                _log.info("recalls are not heard: %s", error.code().name)
            await asyncio.sleep(_RECONNECT_SECONDS)


def _grant(lease: leases_pb2.Lease) -> LeaseGrant:
    period_ends_at = microseconds(lease.period_ends_at)
    return LeaseGrant(lease.scope_id, lease.amount, lease.remaining, period_ends_at, lease.number)


def _short(short: leases_pb2.ScopeShort) -> ScopeShort:
    resets_at = microseconds(short.resets_at)
    return ScopeShort(short.scope_id, short.limit, short.remaining, resets_at, short.unanswered)


def _given(one: GivenBack) -> leases_pb2.GivenBack:
    period_ends_at = Timestamp()
    period_ends_at.FromMicroseconds(one.period_ends_at or 0)
    return leases_pb2.GivenBack(
        scope_id=one.scope_id,
        period_ends_at=period_ends_at,
        amount=one.amount,
        recall=one.recall,
        newest_grant=one.newest_grant,
    )
