"""/api/v1/tiers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from chassis.web.access import SIGNED_IN, Caller, requires
from chassis.web.application import provided
from chassis.web.sent_values import TAKEN_WHOLE
from consumption.access import SET_TIERS
from consumption.budgets.rules import MAX_AMOUNT
from consumption.tiers.actions import SetTier
from consumption.tiers.ports import Tiers
from consumption.tiers.rules import FASTEST, MOST_BURST, NAME_PATTERN, SLOWEST, Tier

router = APIRouter(prefix="/api/v1/tiers", tags=["tiers"])

TierName = Annotated[str, Path(pattern=NAME_PATTERN, description="The tier's name.")]


class TierBounds(BaseModel):
    """The most that a key of the tier may ask for; null means no such bound."""

    model_config = ConfigDict(extra="forbid")

    requests_per_second: Annotated[float, Field(ge=SLOWEST, le=FASTEST, strict=True)]
    burst: Annotated[float, Field(ge=1, le=MOST_BURST, strict=True)]
    tokens_per_minute: Annotated[int, Field(ge=1, le=MAX_AMOUNT, strict=True), TAKEN_WHOLE] | None = None
    max_concurrency: Annotated[int, Field(ge=1, le=10_000, strict=True), TAKEN_WHOLE] | None = None
    monthly_token_quota: Annotated[int, Field(ge=0, le=MAX_AMOUNT, strict=True), TAKEN_WHOLE] | None = None


class TierView(TierBounds):
    """A tier."""

    name: str


class TierList(BaseModel):
    """All tiers, the slowest first."""

    items: list[TierView]


@router.get("", dependencies=[requires(SIGNED_IN)])
async def list_tiers(tiers: Annotated[Tiers, Depends(provided("tiers"))]) -> TierList:
    """The tiers that a key may have."""
    return TierList(items=[_view(tier) for tier in await tiers.all()])


@router.put("/{name}", dependencies=[requires(SET_TIERS)])
async def set_tier(
    caller: Caller, name: TierName, bounds: TierBounds, set_one: Annotated[SetTier, Depends(provided("set_tier"))]
) -> TierView:
    """Make a tier or change it whole; keys of it follow within a second, and their own bounds hold within it."""
    tier = Tier(
        name=name,
        requests_per_second=bounds.requests_per_second,
        burst=bounds.burst,
        tokens_per_minute=bounds.tokens_per_minute,
        max_concurrency=bounds.max_concurrency,
        monthly_tokens=bounds.monthly_token_quota,
    )
    return _view(await set_one(caller, tier))


def _view(tier: Tier) -> TierView:
    return TierView(
        name=tier.name,
        requests_per_second=tier.requests_per_second,
        burst=tier.burst,
        tokens_per_minute=tier.tokens_per_minute,
        max_concurrency=tier.max_concurrency,
        monthly_token_quota=tier.monthly_tokens,
    )
