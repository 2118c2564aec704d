"""/api/v1/budgets: what the platform, teams and people may use in a month. A key's budget is its own: /api/v1/keys."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from chassis.clock import Clock
from chassis.web.access import Caller, requires
from chassis.web.application import provided
from consumption.access import READ_BUDGETS, SET_BUDGETS, SET_TEAM_BUDGETS
from consumption.budgets.balance_view import QuotaAnswer, quota_answer
from consumption.budgets.levels import Amounts, Subject
from consumption.budgets.ports import BudgetStore
from consumption.budgets.rules import nanodollars_of
from consumption.budgets.sent_amounts import Dollars, Tokens
from consumption.budgets.set_budget import SetBudget

router = APIRouter(prefix="/api/v1/budgets", tags=["budgets"])

_TEAM = "^tea_[0-9a-f]{32}$"
TeamId = Annotated[str, Path(pattern=_TEAM, description="Id of a team.")]
AccountId = Annotated[str, Path(pattern="^acc_[0-9a-f]{32}$", description="Id of an account.")]
Setter = Annotated[SetBudget, Depends(provided("set_budget"))]


class BudgetBody(BaseModel):
    """Both limits of a calendar month, UTC; null means no limit."""

    model_config = ConfigDict(extra="forbid")

    monthly_token_quota: Tokens | None = Field(description="Tokens a calendar month, UTC; null: no limit.")
    monthly_budget: Dollars | None = Field(description="US dollars a calendar month, UTC; null: no limit.")

    def amounts(self) -> Amounts:
        """In tokens and nano-dollars."""
        budget = self.monthly_budget
        return Amounts(self.monthly_token_quota, None if budget is None else nanodollars_of(budget))


@router.get("", dependencies=[requires(READ_BUDGETS)])
async def read_budgets(
    store: Annotated[BudgetStore, Depends(provided("budget_store"))],
    clock: Annotated[Clock, Depends(provided("clock"))],
    team_id: Annotated[str | None, Query(pattern=_TEAM, description="Show this team's limits too.")] = None,
) -> QuotaAnswer:
    """What is left of the platform's budget this month, and of every limit of one team."""
    return quota_answer(await store.overview(team_id, clock.now()))


@router.put("/platform", dependencies=[requires(SET_BUDGETS)])
async def set_platform_budget(caller: Caller, body: BudgetBody, set_budget: Setter) -> QuotaAnswer:
    """Say what all teams together may use in a month."""
    return quota_answer(await set_budget(caller, Subject.platform(), body.amounts()))


@router.put("/teams/{team_id}", dependencies=[requires(SET_BUDGETS)])
async def set_team_budget(caller: Caller, team_id: TeamId, body: BudgetBody, set_budget: Setter) -> QuotaAnswer:
    """Say what a team may use in a month."""
    return quota_answer(await set_budget(caller, Subject.team(team_id), body.amounts()))


@router.put("/users/{account_id}", dependencies=[requires(SET_TEAM_BUDGETS)])
async def set_user_budget(caller: Caller, account_id: AccountId, body: BudgetBody, set_budget: Setter) -> QuotaAnswer:
    """Say what a person's keys in your team may use in a month, all together."""
    return quota_answer(await set_budget(caller, Subject.user(caller.tenant or "", account_id), body.amounts()))
