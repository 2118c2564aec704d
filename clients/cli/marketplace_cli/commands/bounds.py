"""`marketplace tiers` and `marketplace budgets`: how much keys, people, teams and the platform may use."""

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from marketplace_cli.api_client import ApiClient, Json
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import UsageRefused
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.option_groups import OptionGroup
from marketplace_cli.plain_text import count, moment

app = command_app("Tiers and budgets.")
tiers = command_app("List and set the tiers of keys.")
budgets = command_app("Show and set what may be used in a month.")
app.add_typer(tiers, name="tiers")
app.add_typer(budgets, name="budgets")
_TIERS, _BUDGETS = "/api/v1/tiers", "/api/v1/budgets"


@dataclass(frozen=True)
class TierBounds(OptionGroup):
    """What a key of a tier may ask for at most."""

    requests_per_second: Annotated[float, typer.Option(min=10, max=1000, help="10 to 1,000.")] = 10
    burst: Annotated[float, typer.Option(min=1, help="Requests at once above the rate.")] = 20
    tokens_per_minute: Annotated[int | None, typer.Option(min=1, help="No bound if left out.")] = None
    max_concurrency: Annotated[int | None, typer.Option(min=1, help="No bound if left out.")] = None
    monthly_token_quota: Annotated[int | None, typer.Option(min=0, help="No bound if left out.")] = None


@dataclass(frozen=True)
class BudgetAmounts(OptionGroup):
    """What may be used in a month; what is left out has no limit."""

    quota_tokens: Annotated[int | None, typer.Option(min=0, help="Tokens a month.")] = None
    budget: Annotated[str | None, typer.Option(metavar="USD", help="Dollars a month.")] = None


@tiers.command("list")
@command
def list_tiers(here: Invocation) -> None:
    """List the tiers, the slowest first."""
    with here.api() as api:
        answer = api.get(_TIERS)
    columns = ("tier", ">requests/s", ">burst", ">tokens/min", ">at once", ">tokens a month")
    here.output.show(answer, lambda: here.output.table(columns, map(_tier, answer["items"])))


@tiers.command("set")
@command
def set_tier(
    here: Invocation, name: Annotated[str, typer.Argument(help="The tier's name.")], *, bounds: TierBounds
) -> None:
    """Make a tier or change it whole; keys of it follow."""
    with here.api() as api:
        answer = api.put(f"{_TIERS}/{name}", asdict(bounds))
    here.output.show(answer, lambda: here.output.facts(answer.items()))


@budgets.command("show")
@command
def show_budgets(
    here: Invocation, team: Annotated[str | None, typer.Option(metavar="ID", help="A team's limits too.")] = None
) -> None:
    """Show the platform's budget; `marketplace quota` shows your own team's."""
    with here.api() as api:
        _show(here, api.get(_BUDGETS, team_id=team))


@budgets.command("set")
@command
def set_budget(
    here: Invocation,
    whose: Annotated[str, typer.Argument(help="platform, a team's id, or an account's id.")],
    *,
    amounts: BudgetAmounts,
) -> None:
    """Set what the platform, a team or a person may use in a month; a key's: `marketplace keys change`."""
    with here.api() as api:
        body = {"monthly_token_quota": amounts.quota_tokens, "monthly_budget": amounts.budget}
        _show(here, _put(api, whose, body))


def _put(api: ApiClient, whose: str, body: Json) -> Json:
    kinds = {"tea_": "teams/", "acc_": "users/"}
    if whose != "platform" and whose[:4] not in kinds:
        raise UsageRefused(f"{whose} is neither `platform` nor the id of a team or an account.")
    return api.put(f"{_BUDGETS}/{kinds.get(whose[:4], '')}{whose}", body)


def _show(here: Invocation, answer: Json) -> None:
    columns = ("level", "whose", "unit", ">limit", ">used", ">left", "resets")
    here.output.show(answer, lambda: here.output.table(columns, map(_balance, answer["items"]), "No limits."))


def _balance(one: Json) -> tuple[object, ...]:
    amounts = (one["limit"], one["used"], one["remaining"])
    return (one["kind"], one["subject"], one["unit"], *amounts, moment(one["resets_at"]))


def _tier(one: Json) -> tuple[object, ...]:
    bounds = (one["tokens_per_minute"], one["max_concurrency"], one["monthly_token_quota"])
    return (one["name"], f"{one['requests_per_second']:g}", f"{one['burst']:g}", *map(count, bounds))
