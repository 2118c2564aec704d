"""The Leases door."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import InvalidInput
from chassis.rpc.server import Context
from consumption.budgets.actions import AcquireLeases
from consumption.budgets.ports import LeaseAnswer, LeaseNotices, LeaseRequest, Recalled, RecallStore
from consumption.budgets.recalls import GivenBack
from consumption.budgets.rules import Balance, Grant, Wish
from marketplace.consumption.v1 import leases_pb2
from marketplace.consumption.v1.leases_pb2_grpc import LeasesServicer

MAX_WISHES = 16
MAX_GIVEN = 1000
MAX_AMOUNT = 2**62
# News of a recall may be lost with its connection; then the next look comes after so many seconds.
_LOOK_AGAIN = 5.0


class LeasesDoor(LeasesServicer):
    """Translates lease requests, recalls and returns."""

    def __init__(self, acquire: AcquireLeases, recalls: RecallStore, notices: LeaseNotices) -> None:
        self._acquire = acquire
        self._recalls = recalls
        self._notices = notices

    async def AcquireLeases(
        self, request: leases_pb2.AcquireLeasesRequest, context: Context
    ) -> leases_pb2.AcquireLeasesResponse:
        """Lease all wishes, or none."""
        wishes = tuple(Wish(wish.scope_id, wish.needed, wish.wanted) for wish in request.wishes)
        if not request.holder or not request.request_id or not 0 < len(wishes) <= MAX_WISHES:
            raise InvalidInput(f"Name holder, request_id and 1 to {MAX_WISHES} wishes.")
        if len({wish.scope_id for wish in wishes}) < len(wishes):
            raise InvalidInput("Name each scope once.")
        if any(wish.needed < 1 or wish.wanted < wish.needed for wish in wishes):
            raise InvalidInput("A wish needs at least 1, and wants at least what it needs.")
        answer = await self._acquire(
            LeaseRequest(request.holder, request.request_id, wishes, request.recall, request.done_below)
        )
        return leases_pb2.AcquireLeasesResponse(
            granted=[_lease(grant) for grant in answer.granted],
            short=[_short(balance, answer) for balance in answer.short],
        )

    async def WatchRecalls(
        self, request: leases_pb2.WatchRecallsRequest, context: Context
    ) -> AsyncIterator[leases_pb2.LeaseRecall]:
        """What this holder is recalled, until either side ends it."""
        if not request.holder:
            raise InvalidInput("Name the holder.")
        with self._notices.recalls_of(request.holder) as news:
            while True:
                news.clear()
                for recalled in await self._recalls.waiting(request.holder):
                    yield _recall(recalled)
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), _LOOK_AGAIN)

    async def ReturnLeases(
        self, request: leases_pb2.ReturnLeasesRequest, context: Context
    ) -> leases_pb2.ReturnLeasesResponse:
        """Take back what a holder gives back."""
        if not request.holder or not request.return_id or not 0 < len(request.given) <= MAX_GIVEN:
            raise InvalidInput(f"Name holder, return_id and 1 to {MAX_GIVEN} amounts.")
        if any(not 0 <= one.amount <= MAX_AMOUNT for one in request.given):
            raise InvalidInput("An amount is 0 or more.")
        given = [_given(one) for one in request.given]
        if len({(one.scope_id, one.period_end) for one in given}) < len(given):
            raise InvalidInput("Name each scope and period once.")
        await self._recalls.give_back(request.holder, request.return_id, given)
        return leases_pb2.ReturnLeasesResponse()


def _given(one: leases_pb2.GivenBack) -> GivenBack:
    return GivenBack(one.scope_id, one.period_ends_at.ToDatetime(UTC), one.amount, one.recall, one.newest_grant)


def _recall(recalled: Recalled) -> leases_pb2.LeaseRecall:
    return leases_pb2.LeaseRecall(
        scope_id=recalled.scope_id, period_ends_at=_moment(recalled.period_end), number=recalled.number
    )


def _lease(grant: Grant) -> leases_pb2.Lease:
    balance = grant.balance
    return leases_pb2.Lease(
        scope_id=balance.limit.scope_id,
        amount=grant.amount,
        remaining=max(0, balance.free - grant.amount),
        period_ends_at=_moment(balance.month.end),
        number=grant.number,
    )


def _short(balance: Balance, answer: LeaseAnswer) -> leases_pb2.ScopeShort:
    return leases_pb2.ScopeShort(
        scope_id=balance.limit.scope_id,
        limit=balance.limit.amount or 0,
        remaining=balance.free,
        resets_at=_moment(balance.month.end),
        unanswered=answer.unanswered.get(balance.limit.scope_id, 0),
    )


def _moment(moment: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(moment)
    return message
