"""How the cost of a call came about, step by step."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from consumption.prices.rules import PriceRow, price_of_row
from dataplane.pricing import cost_nanodollars
from dataplane.usage import Usage

_MILLION = 1_000_000


@dataclass(frozen=True)
class ExplainedCharge:
    """What a call reserved in one scope and what it was charged there, in the scope's unit.

    `limit` is the scope's limit as it is now, None where it has none any more.
    """

    scope_id: str
    reserved: int
    charged: int
    period_end: datetime
    limit: int | None


@dataclass(frozen=True)
class AppliedCorrection:
    """A recalculation that changed the call's cost, from nothing known where `old_cost` is None."""

    run_id: str
    recorded_at: datetime
    old_cost: int | None
    new_cost: int
    old_price_id: str
    new_price_id: str


@dataclass(frozen=True)
class CallRecord:
    """A call as it was counted. Durations are microseconds, the cost nano-dollars, None unknown.

    `key_name` and `tier` are as they are now, None where the key is not there any more.
    """

    call_id: str
    started_at: datetime
    team_id: str
    account_id: str
    key_id: str
    key_name: str | None
    tier: str | None
    listing_id: str
    listing_version_id: str
    listing_name: str
    listing_version: str
    provider: str
    model: str
    usage: Usage
    cost: int | None
    price_id: str
    outcome: str
    streamed: bool
    status: int
    duration: int
    first_byte: int | None
    policy_version: int
    charges: tuple[ExplainedCharge, ...]
    corrections: tuple[AppliedCorrection, ...] = ()

    @property
    def cost_now(self) -> int | None:
        """The cost with all corrections."""
        return self.corrections[-1].new_cost if self.corrections else self.cost


@dataclass(frozen=True)
class Step:
    """Tokens of one kind at their price, in nano-dollars per million; `amount` is exact, in nano-dollars."""

    kind: str
    tokens: int
    price: int | None
    amount: Fraction | None


@dataclass(frozen=True)
class Arithmetic:
    """A cost by one price: the steps, their exact sum, and that sum rounded half-up once; None where it is unknown."""

    steps: tuple[Step, ...]
    total: Fraction | None
    rounded: int | None


@dataclass(frozen=True)
class Explained:
    """A call, the price that it took, and the arithmetic by it."""

    call: CallRecord
    price: PriceRow | None
    arithmetic: Arithmetic | None


def arithmetic_of(usage: Usage, row: PriceRow) -> Arithmetic:
    """The steps of the cost of that usage at that price.

    Cached prompt tokens are part of the prompt, save where they have a price of their own.
    """
    steps = (*_prompt_steps(usage, row), _step("completion", usage.completion_tokens, row.output_price))
    amounts = [step.amount for step in steps]
    total = None if None in amounts else sum((amount for amount in amounts if amount is not None), Fraction(0))
    return Arithmetic(steps, total, cost_nanodollars(usage, price_of_row(row)))


def _prompt_steps(usage: Usage, row: PriceRow) -> tuple[Step, ...]:
    cached = usage.cached_prompt_tokens
    if row.cached_input_price is None:
        return (_step("prompt", usage.prompt_tokens, row.input_price),)
    plain = _step("prompt", usage.prompt_tokens - cached, row.input_price)
    return plain, _step("cached_prompt", cached, row.cached_input_price)


def _step(kind: str, tokens: int, price: int | None) -> Step:
    if price is None:
        return Step(kind, tokens, None, None if tokens else Fraction(0))
    return Step(kind, tokens, price, Fraction(tokens * price, _MILLION))
