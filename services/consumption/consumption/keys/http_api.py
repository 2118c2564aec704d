"""/api/v1/keys."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chassis.clock import rfc3339
from chassis.web.access import Caller, requires
from chassis.web.application import provided
from chassis.web.pages import Cursors, PageCursor, PageLimit
from chassis.web.sent_values import TAKEN_WHOLE, SentMoment
from consumption.access import MANAGE_KEYS, READ_KEYS
from consumption.budgets.rules import MAX_AMOUNT, dollars_if_known, nanodollars_of
from consumption.budgets.sent_amounts import Dollars, Tokens
from consumption.keys.actions import ChangeKey, CreateKey, RevokeKey, RotateKey
from consumption.keys.ports import KeyStore
from consumption.keys.rules import LONGEST_GRACE, Key
from consumption.tiers.rules import FASTEST, NAME_PATTERN, STANDARD

router = APIRouter(prefix="/api/v1/keys", tags=["keys"])

KeyId = Annotated[str, Path(pattern="^key_[0-9a-f]{32}$", description="The key's id.")]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")
]
ListingId = Annotated[str, StringConstraints(pattern="^lst_[0-9a-f]{32}$")]
# `team/name`, `team/name@1.2.0`, `team/name@1.*`, `team/*`, or a model's own name.
ModelPattern = Annotated[
    str,
    StringConstraints(
        max_length=300, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:+/-]{0,199}(/\*|@[0-9A-Za-z.+-]{1,64}|@[0-9]{1,9}\.\*)?$"
    ),
]
Permission = Literal["call", "models:read"]
PERMISSION_NAMES: tuple[Permission, ...] = ("call", "models:read")
TierName = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Rate = Annotated[float, Field(ge=0.01, le=FASTEST, strict=True)]
TokenRate = Annotated[int, Field(ge=1, le=MAX_AMOUNT, strict=True), TAKEN_WHOLE]
Concurrency = Annotated[int, Field(ge=1, le=10_000, strict=True), TAKEN_WHOLE]
_PUBLIC_NAMES = {"monthly_tokens": "monthly_token_quota", "monthly_nanodollars": "monthly_budget"}


class KeyBounds(BaseModel):
    """What bounds a key; each may be left out. Bounds of its own hold within its tier's."""

    model_config = ConfigDict(extra="forbid")

    tier: TierName = STANDARD
    expires_at: SentMoment | None = None
    permissions: list[Permission] = Field(default_factory=lambda: list(PERMISSION_NAMES), min_length=1, max_length=10)
    allowed_listings: list[ListingId] = Field(default_factory=list, max_length=100)
    allowed_models: list[ModelPattern] = Field(
        default_factory=list,
        max_length=100,
        description="team/name, team/name@1.2.0, team/name@1.*, team/*, or the name of the model behind a listing,"
        " whoever published it.",
    )
    requests_per_second: Rate | None = None
    tokens_per_minute: TokenRate | None = None
    max_concurrency: Concurrency | None = None
    monthly_token_quota: Tokens | None = Field(None, description="Tokens a calendar month, UTC.")
    monthly_budget: Dollars | None = Field(None, description="US dollars a calendar month, UTC, as a decimal string.")


class NewKey(KeyBounds):
    """A key to make."""

    name: Name


class KeyChanges(KeyBounds):
    """What to change; what is left out stays."""

    name: Name = "unchanged"


class Rotation(BaseModel):
    """How a key gets its next secret."""

    model_config = ConfigDict(extra="forbid")

    grace_seconds: Annotated[int, Field(ge=0, le=int(LONGEST_GRACE.total_seconds()), strict=True), TAKEN_WHOLE] = Field(
        86_400, description="How long the secret before it still works."
    )
    generation: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True), TAKEN_WHOLE] | None = Field(
        None, description="The generation to replace, so that a request that is sent again rotates once."
    )


class KeyView(BaseModel):
    """A key without its secret. `generation` counts its secrets: 0 before a granted key is collected."""

    id: str
    name: str
    hint: str
    account_id: str
    tier: str
    state: str
    permissions: list[str]
    allowed_listings: list[str]
    allowed_models: list[str]
    requests_per_second: float | None
    tokens_per_minute: int | None
    max_concurrency: int | None
    monthly_token_quota: int | None
    monthly_budget: str | None
    expires_at: str | None
    created_at: str
    generation: int
    access_request_id: str | None


class KeyWithSecret(KeyView):
    """A key that was just made: `key` is shown this once."""

    key: str


class RotatedKey(KeyWithSecret):
    """A key with its next secret; the one before it works until then."""

    previous_ends_at: str


class KeyPage(BaseModel):
    """Keys, newest first."""

    items: list[KeyView]
    next_cursor: str | None


@router.post("", status_code=201, dependencies=[requires(MANAGE_KEYS)])
async def create_key(
    caller: Caller, new: NewKey, create: Annotated[CreateKey, Depends(provided("create_key"))]
) -> KeyWithSecret:
    """Make a key; its secret is in this answer and never again."""
    key, secret = await create(caller, new.name, _bounds(new))
    return KeyWithSecret(**key_view(key), key=secret)


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
    return KeyPage(items=[KeyView(**key_view(key)) for key in keys[:limit]], next_cursor=following)


@router.get("/{key_id}", dependencies=[requires(READ_KEYS)])
async def get_key(caller: Caller, key_id: KeyId, store: Annotated[KeyStore, Depends(provided("key_store"))]) -> KeyView:
    """One key of the team."""
    return KeyView(**key_view(await store.find(caller.tenant or "", key_id)))


@router.patch("/{key_id}", dependencies=[requires(MANAGE_KEYS)])
async def change_key(
    caller: Caller, key_id: KeyId, changes: KeyChanges, change: Annotated[ChangeKey, Depends(provided("change_key"))]
) -> KeyView:
    """Change what is named; null takes a bound away. Members change keys that they made."""
    fields = _bounds(changes) | ({"name": changes.name} if "name" in changes.model_fields_set else {})
    return KeyView(**key_view(await change(caller, key_id, fields)))


@router.post("/{key_id}/rotate", dependencies=[requires(MANAGE_KEYS)])
async def rotate_key(
    caller: Caller, key_id: KeyId, wish: Rotation, rotate: Annotated[RotateKey, Depends(provided("rotate_key"))]
) -> RotatedKey:
    """Give a key a new secret, shown this once; the one before it works for the grace time, older ones end at once."""
    grace = timedelta(seconds=wish.grace_seconds)
    key, secret, ends = await rotate(caller, key_id, grace, wish.generation)
    return RotatedKey(**key_view(key), key=secret, previous_ends_at=rfc3339(ends))


@router.delete("/{key_id}", dependencies=[requires(MANAGE_KEYS)])
async def revoke_key(
    caller: Caller, key_id: KeyId, revoke: Annotated[RevokeKey, Depends(provided("revoke_key"))]
) -> KeyView:
    """Revoke a key with all its secrets, so that calls with it are refused; revoking again changes nothing."""
    return KeyView(**key_view(await revoke(caller, key_id)))


def _bounds(bounds: KeyBounds) -> dict[str, Any]:
    """The fields of a key that were named."""
    budget = bounds.monthly_budget
    values: dict[str, Any] = {
        "tier": bounds.tier,
        "expires_at": bounds.expires_at,
        "permissions": tuple(sorted(set(bounds.permissions))),
        "allowed_listings": tuple(bounds.allowed_listings),
        "allowed_models": tuple(bounds.allowed_models),
        "requests_per_second": bounds.requests_per_second,
        "tokens_per_minute": bounds.tokens_per_minute,
        "max_concurrency": bounds.max_concurrency,
        "monthly_tokens": bounds.monthly_token_quota,
        "monthly_nanodollars": None if budget is None else nanodollars_of(budget),
    }
    return {name: value for name, value in values.items() if _PUBLIC_NAMES.get(name, name) in bounds.model_fields_set}


def key_view(key: Key) -> dict[str, Any]:
    """A key as KeyView takes it."""
    return {
        "id": key.key_id,
        "name": key.name,
        "hint": key.hint,
        "account_id": key.account_id,
        "tier": key.tier,
        "state": key.state,
        "permissions": list(key.permissions),
        "allowed_listings": list(key.allowed_listings),
        "allowed_models": list(key.allowed_models),
        "requests_per_second": key.requests_per_second,
        "tokens_per_minute": key.tokens_per_minute,
        "max_concurrency": key.max_concurrency,
        "monthly_token_quota": key.monthly_tokens,
        "monthly_budget": dollars_if_known(key.monthly_nanodollars),
        "expires_at": None if key.expires_at is None else rfc3339(key.expires_at),
        "created_at": rfc3339(key.created_at),
        "generation": key.generation,
        "access_request_id": key.access_request_id,
    }


def _place(parts: list[str | int | float]) -> tuple[datetime, str]:
    return datetime.fromisoformat(str(parts[0])), str(parts[1])
