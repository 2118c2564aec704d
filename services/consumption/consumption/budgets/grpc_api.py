"""The Leases door."""

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.clock import Clock
from chassis.errors import InvalidInput
from chassis.rpc.server import Context
from consumption.budgets.ports import LeaseStore
from consumption.budgets.rules import Balance, Grant, Wish
from marketplace.consumption.v1 import leases_pb2
from marketplace.consumption.v1.leases_pb2_grpc import LeasesServicer

MAX_WISHES = 16


class LeasesDoor(LeasesServicer):
    """Translates lease requests."""

    def __init__(self, store: LeaseStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def AcquireLeases(
        self, request: leases_pb2.AcquireLeasesRequest, context: Context
    ) -> leases_pb2.AcquireLeasesResponse:
        """Lease all wishes, or none."""
        wishes = [Wish(wish.scope_id, wish.needed, wish.wanted) for wish in request.wishes]
        if not request.holder or not request.request_id or not 0 < len(wishes) <= MAX_WISHES:
            raise InvalidInput(f"Name holder, request_id and 1 to {MAX_WISHES} wishes.")
        if any(wish.needed < 1 or wish.wanted < wish.needed for wish in wishes):
            raise InvalidInput("A wish needs at least 1, and wants at least what it needs.")
        answer = await self._store.acquire(request.holder, request.request_id, wishes, self._clock.now())
        return leases_pb2.AcquireLeasesResponse(
            granted=[_lease(grant) for grant in answer.granted], short=[_short(balance) for balance in answer.short]
        )


def _lease(grant: Grant) -> leases_pb2.Lease:
    balance = grant.balance
    return leases_pb2.Lease(
        scope_id=balance.limit.scope_id,
        amount=grant.amount,
        remaining=max(0, balance.free - grant.amount),
        period_ends_at=_end(balance),
    )


def _short(balance: Balance) -> leases_pb2.ScopeShort:
    return leases_pb2.ScopeShort(
        scope_id=balance.limit.scope_id,
        limit=balance.limit.amount or 0,
        remaining=balance.free,
        resets_at=_end(balance),
    )


def _end(balance: Balance) -> Timestamp:
    moment = Timestamp()
    moment.FromDatetime(balance.month.end)
    return moment
