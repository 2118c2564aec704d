"""An explained call as people see it; money is US dollars as decimal strings."""

from fractions import Fraction

from pydantic import BaseModel

from chassis.clock import rfc3339
from consumption.budgets.rules import NANODOLLARS, dollars_if_known, dollars_of
from consumption.explain.rules import AppliedCorrection, Arithmetic, CallRecord, Explained, ExplainedCharge, Step
from consumption.prices.price_view import PriceView, price_view
from consumption.settlement.rules import UNKNOWN

_MILLIONTHS = 1_000_000


class KeyPart(BaseModel):
    """The key that was used; name and tier are those of today, null where it is gone."""

    id: str
    name: str | None
    tier: str | None
    account_id: str
    team_id: str


class ListingPart(BaseModel):
    """What was called."""

    id: str
    name: str
    version: str
    version_id: str
    provider: str
    model: str


class TokensPart(BaseModel):
    """What was used; cached tokens are part of the prompt. `estimated`: tokens or price were not told but estimated."""

    prompt: int
    cached_prompt: int
    completion: int
    total: int
    estimated: bool


class ChargePart(BaseModel):
    """One limit that the call was charged to; amounts are tokens or US dollars. `limit` is that of today."""

    scope: str
    unit: str
    reserved: str
    charged: str
    overdraft: str
    limit: str | None
    resets_at: str


class StepPart(BaseModel):
    """Tokens of one kind at their price; `amount` is exact.

    Where cached prompt tokens have a price of their own, `cached_prompt` is a step and `prompt` is the rest.
    """

    kind: str
    tokens: int
    price_per_million: str | None
    amount: str | None
    text: str


class CostPart(BaseModel):
    """How the cost came about. `total` is the exact sum, `rounded` that sum rounded half-up to nano-dollars, once.

    `recorded` is what was counted for the call, null where it is unknown; `agrees` whether it is the rounded one.
    """

    steps: list[StepPart]
    total: str | None
    rounded: str | None
    recorded: str | None
    agrees: bool


class CorrectionPart(BaseModel):
    """A recalculation that changed the cost; `old_cost` null: it was unknown."""

    run_id: str
    recorded_at: str
    old_cost: str | None
    new_cost: str
    difference: str
    old_price_id: str
    new_price_id: str


class CallExplanation(BaseModel):
    """Why a call cost what it cost. `policy_version` 0: no policies were enforced, or it was not written down.

    `cost` is that of when it was counted, `cost_now` the one with all corrections.
    `unknown_end`: nobody saw how it ended, so that it is charged at what it reserved until it is reconciled.
    """

    id: str
    started_at: str
    key: KeyPart
    listing: ListingPart
    outcome: str
    unknown_end: bool
    status: int
    streamed: bool
    duration_ms: float
    first_byte_ms: float | None
    policy_version: int
    tokens: TokensPart
    charges: list[ChargePart]
    price: PriceView | None
    cost: CostPart
    corrections: list[CorrectionPart]
    cost_now: str | None


def explanation(explained: Explained) -> CallExplanation:
    """The call as an answer."""
    call = explained.call
    return CallExplanation(
        id=call.call_id,
        started_at=rfc3339(call.started_at),
        key=KeyPart(
            id=call.key_id, name=call.key_name, tier=call.tier, account_id=call.account_id, team_id=call.team_id
        ),
        listing=_listing(call),
        outcome=call.outcome,
        unknown_end=call.outcome == UNKNOWN,
        status=call.status,
        streamed=call.streamed,
        duration_ms=call.duration / 1000,
        first_byte_ms=None if call.first_byte is None else call.first_byte / 1000,
        policy_version=call.policy_version,
        tokens=_tokens(call),
        charges=[_charge(one) for one in call.charges],
        price=None if explained.price is None else price_view(explained.price, call.started_at),
        cost=_cost(call, explained.arithmetic),
        corrections=[_correction(one) for one in call.corrections],
        cost_now=dollars_if_known(call.cost_now),
    )


def _listing(call: CallRecord) -> ListingPart:
    return ListingPart(
        id=call.listing_id,
        name=call.listing_name,
        version=call.listing_version,
        version_id=call.listing_version_id,
        provider=call.provider,
        model=call.model,
    )


def _tokens(call: CallRecord) -> TokensPart:
    usage = call.usage
    return TokensPart(
        prompt=usage.prompt_tokens,
        cached_prompt=usage.cached_prompt_tokens,
        completion=usage.completion_tokens,
        total=usage.total_tokens,
        estimated=usage.estimated,
    )


def _charge(one: ExplainedCharge) -> ChargePart:
    unit = one.scope_id.rpartition(":")[2]
    shown = dollars_of if unit == "nanodollars" else str
    return ChargePart(
        scope=one.scope_id,
        unit="usd" if unit == "nanodollars" else unit,
        reserved=shown(one.reserved),
        charged=shown(one.charged),
        overdraft=shown(max(0, one.charged - one.reserved)),
        limit=None if one.limit is None else shown(one.limit),
        resets_at=rfc3339(one.period_end),
    )


def _cost(call: CallRecord, arithmetic: Arithmetic | None) -> CostPart:
    rounded = None if arithmetic is None else arithmetic.rounded
    return CostPart(
        steps=[] if arithmetic is None else [_step(step) for step in arithmetic.steps],
        total=None if arithmetic is None else _exact(arithmetic.total),
        rounded=dollars_if_known(rounded),
        recorded=dollars_if_known(call.cost),
        agrees=rounded == call.cost,
    )


def _correction(one: AppliedCorrection) -> CorrectionPart:
    return CorrectionPart(
        run_id=one.run_id,
        recorded_at=rfc3339(one.recorded_at),
        old_cost=dollars_if_known(one.old_cost),
        new_cost=dollars_of(one.new_cost),
        difference=dollars_of(one.new_cost - (one.old_cost or 0)),
        old_price_id=one.old_price_id,
        new_price_id=one.new_price_id,
    )


def _step(step: Step) -> StepPart:
    price, amount = dollars_if_known(step.price), _exact(step.amount)
    told = f"${price} per million = ${amount}" if price is not None else "an unknown price"
    text = f"{step.tokens} {step.kind.replace('_', ' ')} tokens at {told}"
    return StepPart(kind=step.kind, tokens=step.tokens, price_per_million=price, amount=amount, text=text)


def _exact(nanodollars: Fraction | None) -> str | None:
    """Exact: a price times tokens has six decimals of a nano-dollar at most."""
    if nanodollars is None:
        return None
    whole, rest = divmod(int(nanodollars * _MILLIONTHS), NANODOLLARS * _MILLIONTHS)
    return f"{whole}.{rest:015d}".rstrip("0").rstrip(".")
