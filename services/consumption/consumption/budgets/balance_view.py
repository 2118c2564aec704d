"""A balance as people see it."""

from typing import Literal

from pydantic import BaseModel

from chassis.clock import rfc3339
from consumption.budgets.ports import MOST_SHOWN
from consumption.budgets.rules import Balance, dollars_of


class QuotaView(BaseModel):
    """One limited scope this month; amounts are tokens, or US dollars as decimal strings."""

    scope: str
    kind: str
    subject: str
    unit: Literal["tokens", "usd"]
    limit: str
    used: str
    held: str
    remaining: str
    resets_at: str


class QuotaAnswer(BaseModel):
    """What is left, and when it resets: platform, team, people, keys. `more`: further keys have limits, too."""

    items: list[QuotaView]
    more: bool


def quota_answer(balances: list[Balance]) -> QuotaAnswer:
    """The balances as an answer."""
    return QuotaAnswer(items=[_view(balance) for balance in balances[:MOST_SHOWN]], more=len(balances) > MOST_SHOWN)


def _view(balance: Balance) -> QuotaView:
    money = balance.limit.unit == "nanodollars"
    shown = dollars_of if money else str
    return QuotaView(
        scope=balance.limit.scope_id,
        kind=balance.limit.kind,
        subject=balance.limit.subject_id,
        unit="usd" if money else "tokens",
        limit=shown(balance.limit.amount or 0),
        used=shown(balance.used),
        held=shown(balance.leased),
        remaining=shown(balance.remaining),
        resets_at=rfc3339(balance.month.end),
    )
