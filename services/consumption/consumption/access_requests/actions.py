"""What can be done with access requests."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.clock import Clock
from chassis.database.transaction import Transaction
from chassis.identity.principal import Principal
from consumption.access import leads_team
from consumption.access_requests.errors import (
    CollectedAlready,
    NothingToCollect,
    OtherTermsPending,
    RequestNotFound,
    RequestNotPending,
)
from consumption.access_requests.ports import Grants, RequestStore
from consumption.access_requests.rules import (
    APPROVED,
    COLLECTED,
    LAPSED,
    PENDING,
    REFUSED,
    AccessRequest,
    Decision,
    Terms,
    granted_key,
    require_bounded,
)
from consumption.keys.actions import SecretMint
from consumption.keys.ports import Deed
from consumption.keys.rules import Key

NewId = Callable[[str, datetime], str]


@dataclass(frozen=True)
class RequestAccess:
    """Ask for a key to one listing; the same wish again answers with the request that is there."""

    store: RequestStore
    clock: Clock
    new_id: NewId

    async def __call__(
        self, caller: Principal, listing: str, terms: Terms, idempotency_key: str | None
    ) -> AccessRequest:
        """The request. Raises TermsRefused, ListingNotAskable, OtherTermsPending."""
        now = self.clock.now()
        require_bounded(terms, now)
        team = caller.tenant or ""
        request = AccessRequest(
            request_id=self.new_id("arq", now),
            team_id=team,
            team_slug=caller.tenant_slug or "",
            account_id=caller.account_id,
            listing=await self.store.listing(team, listing),
            terms=terms,
            requested_at=now,
            idempotency_key=idempotency_key,
        )
        there = await self.store.add(request)
        if not there.asks_the_same(request):
            raise OtherTermsPending(
                f"You asked for {there.listing.full_name} with other terms: withdraw that request first, or send"
                " another Idempotency-Key.",
                access_request_id=there.request_id,
            )
        return there


@dataclass(frozen=True)
class ReadAccess:
    """Read a request: one's own, or one of the team for those who lead it."""

    store: RequestStore

    async def __call__(self, caller: Principal, request_id: str) -> AccessRequest:
        """Raises RequestNotFound."""
        request = await self.store.find(caller.tenant or "", request_id)
        if request.account_id != caller.account_id and not leads_team(caller):
            raise RequestNotFound("There is no such request among those you may see.")
        return request


@dataclass(frozen=True)
class WithdrawAccess:
    """Take one's own open request back."""

    store: RequestStore
    clock: Clock

    async def __call__(self, caller: Principal, request_id: str) -> AccessRequest:
        """The request as it is now. Raises RequestNotFound, RequestNotPending."""
        request = await _own(self.store, caller, request_id)
        if request.state != PENDING:
            raise RequestNotPending(f"This request is {request.state} already.", state=request.state)
        await self.store.withdraw(request, Deed(caller.account_id, self.clock.now()))
        return await self.store.find(request.team_id, request_id)


@dataclass(frozen=True)
class CollectKey:
    """Show the asker, and nobody else, the secret of the granted key, once.

    The secret is made at this moment: before it there is none that an approver, an event or a backup could hold.
    """

    store: RequestStore
    mint: SecretMint
    clock: Clock

    async def __call__(self, caller: Principal, request_id: str) -> tuple[Key, str]:
        """The key and its secret. Raises RequestNotFound, NothingToCollect, CollectedAlready."""
        now = self.clock.now()
        request = await _own(self.store, caller, request_id)
        if request.state == COLLECTED:
            raise CollectedAlready(
                "The secret of this key was shown already. If you do not have it, rotate the key.",
                key_id=request.key_id,
            )
        if request.state != APPROVED or request.terms.expires_at <= now:
            raise NothingToCollect(f"There is no key to collect: the request is {request.state}.", state=request.state)
        secret, kept = await self.mint()
        return await self.store.collect(request, kept, Deed(caller.account_id, now)), secret


@dataclass(frozen=True)
class DecideAccess:
    """Do what was decided in admin: grant the key, or keep the refusal; a request that is not open stays as it is."""

    grants: Grants
    new_id: NewId

    async def __call__(self, transaction: Transaction, decision: Decision) -> None:
        """In the transaction that takes the decision's event, so that it takes effect once."""
        request = await self.grants.lock(transaction, decision.request_id)
        if request is None or request.state != PENDING:
            return
        decided = replace(
            request, decided_at=decision.at, decided_by=decision.decided_by, comment=decision.comment, state=REFUSED
        )
        if not decision.approved:
            await self.grants.refuse(transaction, decided)
        elif request.terms.expires_at <= decision.at:
            await self.grants.refuse(transaction, replace(decided, comment=LAPSED))
        else:
            key = granted_key(request, self.new_id("key", decision.at), decision.at)
            await self.grants.grant(transaction, replace(decided, state=APPROVED, key_id=key.key_id), key)


async def _own(store: RequestStore, caller: Principal, request_id: str) -> AccessRequest:
    request = await store.find(caller.tenant or "", request_id)
    if request.account_id != caller.account_id:
        raise RequestNotFound("You made no such request: GET /api/v1/access-requests lists yours.")
    return request
