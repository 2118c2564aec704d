"""/api/v1/access-requests. Decisions are made in admin, at /workflows."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chassis.clock import rfc3339
from chassis.web.access import Caller, requires
from chassis.web.application import provided
from chassis.web.pages import Cursors, PageCursor, PageLimit
from chassis.web.sent_values import SentMoment
from consumption.access import REQUEST_ACCESS, leads_team
from consumption.access_requests.actions import CollectKey, ReadAccess, RequestAccess, WithdrawAccess
from consumption.access_requests.ports import RequestStore
from consumption.access_requests.rules import AccessRequest, Terms
from consumption.budgets.rules import dollars_if_known, nanodollars_of
from consumption.budgets.sent_amounts import Dollars, Tokens

router = APIRouter(prefix="/api/v1/access-requests", tags=["access requests"])

RequestId = Annotated[str, Path(pattern="^arq_[0-9a-f]{32}$", description="The request's id.")]
IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", pattern=r"^[\x21-\x7e]{1,200}$", description="One effect, sent twice.")
]
ListingName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$")]
Purpose = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=1000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]+$"
    ),
]


class NewRequest(BaseModel):
    """What is asked for, and for how long; a quota, a budget or both."""

    model_config = ConfigDict(extra="forbid")

    listing: ListingName = Field(description="Id or `team/name` of a listing.")
    purpose: Purpose = Field(description="What it is for, for the one who decides.")
    expires_at: SentMoment = Field(description="When the key ends.")
    monthly_token_quota: Tokens | None = Field(None, description="Tokens a calendar month, UTC.")
    monthly_budget: Dollars | None = Field(None, description="US dollars a calendar month, UTC, as a decimal string.")

    def terms(self) -> Terms:
        """In the terms of the rules."""
        budget = None if self.monthly_budget is None else nanodollars_of(self.monthly_budget)
        return Terms(self.purpose, self.monthly_token_quota, budget, self.expires_at)


class RequestView(BaseModel):
    """A request and what became of it; the key's secret is never in it."""

    id: str
    account_id: str
    listing_id: str
    listing: str
    purpose: str
    monthly_token_quota: int | None
    monthly_budget: str | None
    expires_at: str
    state: str
    requested_at: str
    decided_at: str | None
    decided_by: str | None
    comment: str | None
    key_id: str | None
    collected_at: str | None


class RequestPage(BaseModel):
    """Requests, newest first."""

    items: list[RequestView]
    next_cursor: str | None


class CollectedKey(BaseModel):
    """The granted key: `key` is shown this once."""

    key_id: str
    key: str
    listing: str
    expires_at: str | None


@router.post("", status_code=201, dependencies=[requires(REQUEST_ACCESS)])
async def request_access(
    caller: Caller,
    new: NewRequest,
    request: Annotated[RequestAccess, Depends(provided("request_access"))],
    idempotency_key: IdempotencyKey = None,
) -> RequestView:
    """Ask for a key to one listing; the same wish again, while it waits, is the same request."""
    return _view(await request(caller, new.listing, new.terms(), idempotency_key))


@router.get("", dependencies=[requires(REQUEST_ACCESS)])
async def list_requests(
    caller: Caller,
    store: Annotated[RequestStore, Depends(provided("request_store"))],
    cursors: Annotated[Cursors, Depends(provided("cursors"))],
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> RequestPage:
    """Your requests, newest first; the whole team's for its owners and admins."""
    account_id = None if leads_team(caller) else caller.account_id
    bound = {"list": "access", "tenant": caller.tenant, "account": account_id}
    after = _place(cursors.open(cursor, bound)) if cursor else None
    found = await store.page(caller.tenant or "", account_id, after, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    following = cursors.sign([last.requested_at.isoformat(), last.request_id], bound) if last else None
    return RequestPage(items=[_view(one) for one in found[:limit]], next_cursor=following)


@router.get("/{request_id}", dependencies=[requires(REQUEST_ACCESS)])
async def read_request(
    caller: Caller, request_id: RequestId, read: Annotated[ReadAccess, Depends(provided("read_access"))]
) -> RequestView:
    """One request."""
    return _view(await read(caller, request_id))


@router.post("/{request_id}/withdraw", dependencies=[requires(REQUEST_ACCESS)])
async def withdraw_request(
    caller: Caller, request_id: RequestId, withdraw: Annotated[WithdrawAccess, Depends(provided("withdraw_access"))]
) -> RequestView:
    """Take your open request back."""
    return _view(await withdraw(caller, request_id))


@router.post("/{request_id}/collect", dependencies=[requires(REQUEST_ACCESS)])
async def collect_key(
    caller: Caller, request_id: RequestId, collect: Annotated[CollectKey, Depends(provided("collect_key"))]
) -> CollectedKey:
    """Take the approved key's secret: it is made now, for you alone, and shown in this answer and never again."""
    key, secret = await collect(caller, request_id)
    expires = None if key.expires_at is None else rfc3339(key.expires_at)
    return CollectedKey(key_id=key.key_id, key=secret, listing=key.allowed_listings[0], expires_at=expires)


def _view(request: AccessRequest) -> RequestView:
    terms = request.terms
    shown: dict[str, Any] = {
        name: None if moment is None else rfc3339(moment)
        for name, moment in (
            ("expires_at", terms.expires_at),
            ("requested_at", request.requested_at),
            ("decided_at", request.decided_at),
            ("collected_at", request.collected_at),
        )
    }
    return RequestView(
        id=request.request_id,
        account_id=request.account_id,
        listing_id=request.listing.listing_id,
        listing=request.listing.full_name,
        purpose=terms.purpose,
        monthly_token_quota=terms.monthly_tokens,
        monthly_budget=dollars_if_known(terms.monthly_nanodollars),
        state=request.state,
        decided_by=request.decided_by,
        comment=request.comment,
        key_id=request.key_id,
        **shown,
    )


def _place(parts: list[str | int | float]) -> tuple[datetime, str]:
    return datetime.fromisoformat(str(parts[0])), str(parts[1])
