"""/api/v1/keys."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chassis.clock import Clock, rfc3339
from chassis.web.access import Caller, requires
from chassis.web.application import provided
from chassis.web.pages import Cursors, PageCursor, PageLimit
from chassis.web.sent_values import TAKEN_WHOLE, SentMoment
from consumption.access import MANAGE_KEYS, READ_KEYS
from consumption.budgets.rules import MAX_AMOUNT, dollars_of, nanodollars_of
from consumption.keys.actions import ChangeKey, CreateKey, KeyWish
from consumption.keys.ports import KeyStore
from consumption.keys.rules import TIERS, Key

router = APIRouter(prefix="/api/v1/keys", tags=["keys"])

KeyId = Annotated[str, Path(pattern="^key_[0-9a-f]{32}$", description="The key's id.")]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")
]
ListingId = Annotated[str, StringConstraints(pattern="^lst_[0-9a-f]{32}$")]
TierName = Annotated[str, StringConstraints(pattern=f"^({'|'.join(TIERS)})$")]
Tokens = Annotated[int, Field(ge=0, le=MAX_AMOUNT, strict=True), TAKEN_WHOLE]
Dollars = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$")]


class KeyBounds(BaseModel):
    """What bounds a key; each may be left out."""

    model_config = ConfigDict(extra="forbid")

    tier: TierName = "standard"
    expires_at: SentMoment | None = None
    allowed_listings: list[ListingId] = Field(default_factory=list, max_length=100)
    max_concurrency: Annotated[int, Field(ge=1, le=10_000, strict=True), TAKEN_WHOLE] | None = None
    monthly_token_quota: Tokens | None = Field(None, description="Tokens a calendar month, UTC.")
    monthly_budget: Dollars | None = Field(None, description="US dollars a calendar month, UTC, as a decimal string.")


class NewKey(KeyBounds):
    """A key to make."""

    name: Name


class KeyChanges(KeyBounds):
    """What to change; what is left out stays."""

    name: Name = "unchanged"


class KeyView(BaseModel):
    """A key without its secret."""

    id: str
    name: str
    hint: str
    tier: str
    state: str
    allowed_listings: list[str]
    max_concurrency: int | None
    monthly_token_quota: int | None
    monthly_budget: str | None
    expires_at: str | None
    created_at: str


class KeyWithSecret(KeyView):
    """A key that was just made: `key` is shown this once."""

    key: str


class KeyPage(BaseModel):
    """Keys, newest first."""

    items: list[KeyView]
    next_cursor: str | None


@router.post("", status_code=201, dependencies=[requires(MANAGE_KEYS)])
async def create_key(
    caller: Caller, new: NewKey, create: Annotated[CreateKey, Depends(provided("create_key"))]
) -> KeyWithSecret:
    """Make a key; its secret is in this answer and never again."""
    key, secret = await create(caller, KeyWish(name=new.name, **_bounds(new, new.model_fields_set)))
    return KeyWithSecret(**_view(key), key=secret)


@router.get("", dependencies=[requires(READ_KEYS)])
async def list_keys(
    caller: Caller,
    store: Annotated[KeyStore, Depends(provided("key_store"))],
    cursors: Annotated[Cursors, Depends(provided("cursors"))],
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> KeyPage:
    """The team's keys, newest first."""
    bound = {"list": "keys", "tenant": caller.tenant}
    after = _place(cursors.open(cursor, bound)) if cursor else None
    keys = await store.page(caller.tenant or "", after, limit + 1)
    last = keys[limit - 1] if len(keys) > limit else None
    following = cursors.sign([last.created_at.isoformat(), last.key_id], bound) if last else None
    return KeyPage(items=[KeyView(**_view(key)) for key in keys[:limit]], next_cursor=following)


@router.get("/{key_id}", dependencies=[requires(READ_KEYS)])
async def get_key(caller: Caller, key_id: KeyId, store: Annotated[KeyStore, Depends(provided("key_store"))]) -> KeyView:
    """One key of the team."""
    return KeyView(**_view(await store.find(caller.tenant or "", key_id)))


@router.patch("/{key_id}", dependencies=[requires(MANAGE_KEYS)])
async def change_key(
    caller: Caller, key_id: KeyId, changes: KeyChanges, change: Annotated[ChangeKey, Depends(provided("change_key"))]
) -> KeyView:
    """Change what is named; null takes a bound away."""
    named = changes.model_fields_set
    fields = _bounds(changes, named) | ({"name": changes.name} if "name" in named else {})
    return KeyView(**_view(await change(caller, key_id, fields)))


@router.delete("/{key_id}", dependencies=[requires(MANAGE_KEYS)])
async def revoke_key(
    caller: Caller,
    key_id: KeyId,
    store: Annotated[KeyStore, Depends(provided("key_store"))],
    clock: Annotated[Clock, Depends(provided("clock"))],
) -> KeyView:
    """Revoke a key, so that calls with it are refused; revoking again changes nothing."""
    return KeyView(**_view(await store.revoke(caller.tenant or "", key_id, clock.now())))


def _bounds(bounds: KeyBounds, named: set[str]) -> dict[str, Any]:
    budget = bounds.monthly_budget
    values: dict[str, Any] = {
        "tier": bounds.tier,
        "expires_at": bounds.expires_at,
        "allowed_listings": tuple(bounds.allowed_listings),
        "max_concurrency": bounds.max_concurrency,
        "monthly_tokens": bounds.monthly_token_quota,
        "monthly_nanodollars": None if budget is None else nanodollars_of(budget),
    }
    public_names = {"monthly_tokens": "monthly_token_quota", "monthly_nanodollars": "monthly_budget"}
    return {name: value for name, value in values.items() if public_names.get(name, name) in named}


def _view(key: Key) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "name": key.name,
        "hint": key.hint,
        "tier": key.tier,
        "state": key.state,
        "allowed_listings": list(key.allowed_listings),
        "max_concurrency": key.max_concurrency,
        "monthly_token_quota": key.monthly_tokens,
        "monthly_budget": None if key.monthly_nanodollars is None else dollars_of(key.monthly_nanodollars),
        "expires_at": None if key.expires_at is None else rfc3339(key.expires_at),
        "created_at": rfc3339(key.created_at),
    }


def _place(parts: list[str | int | float]) -> tuple[datetime, str]:
    return datetime.fromisoformat(str(parts[0])), str(parts[1])
