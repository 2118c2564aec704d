"""`marketplace keys`: API keys of the team."""

from dataclasses import dataclass
from typing import Annotated

import typer

from chassis.errors import NotFound
from marketplace_cli.api_client import ApiClient, Json
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import UsageRefused
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.listing_names import listing_id
from marketplace_cli.moments import FORMAT, utc_text
from marketplace_cli.option_groups import OptionGroup
from marketplace_cli.plain_text import count, dollars, moment

app = command_app("Create, list, change, rotate and revoke API keys.")
_PATH = "/api/v1/keys"
_HOUR = 3600
Which = Annotated[str, typer.Argument(help="The key's id or name.")]


@dataclass(frozen=True)
class KeyBounds(OptionGroup):
    """What bounds a key; what is left out does not."""

    quota_tokens: Annotated[int | None, typer.Option(min=0, help="Tokens a month.")] = None
    budget: Annotated[str | None, typer.Option(metavar="USD", help="Dollars a month.")] = None
    expires: Annotated[str | None, typer.Option(metavar=FORMAT, help="When it ends, in UTC.")] = None
    tier: Annotated[str | None, typer.Option(help="How fast it may call.")] = None
    requests_per_second: Annotated[float | None, typer.Option(min=0.01, help="Within the tier's bound.")] = None
    tokens_per_minute: Annotated[int | None, typer.Option(min=1, help="Within the tier's bound.")] = None
    max_concurrency: Annotated[int | None, typer.Option(min=1, help="Calls at once.")] = None
    permission: Annotated[list[str] | None, typer.Option(help="call or models:read; both if left out.")] = None
    listing: Annotated[list[str] | None, typer.Option(help="Only for these; may be repeated.")] = None
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Only team/name, team/name@1.*, team/*, a model; may be repeated."),
    ] = None

    def chosen(self, api: ApiClient) -> Json:
        """Those that were set, as the API takes them."""
        values = {
            "monthly_token_quota": self.quota_tokens,
            "monthly_budget": self.budget,
            "expires_at": utc_text(self.expires, "--expires"),
            "tier": self.tier,
            "requests_per_second": self.requests_per_second,
            "tokens_per_minute": self.tokens_per_minute,
            "max_concurrency": self.max_concurrency,
            "permissions": self.permission,
            "allowed_listings": [listing_id(api, one) for one in self.listing or []],
            "allowed_models": self.model,
        }
        return {name: value for name, value in values.items() if value not in (None, [])}


@app.command()
@command
def create(
    here: Invocation,
    name: Annotated[str, typer.Argument(help="What the key is for.")] = "command line",
    save: Annotated[bool, typer.Option("--save", help="Keep it beside your sign-in, for `marketplace chat`.")] = False,
    *,
    bounds: KeyBounds,
) -> None:
    """Create a key; its secret is shown this once."""
    with here.api() as api:
        key = api.post(_PATH, {"name": name, **bounds.chosen(api)})
    here.show_new_key(key, lambda: _page(here, key), save)


@app.command("list")
@command
def list_keys(
    here: Invocation, limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50
) -> None:
    """List the team's keys, the newest first, without their secrets."""
    with here.api() as api:
        found = api.items(_PATH, limit)
    columns = ("name", "key", "state", "tier", ">tokens a month", ">budget a month", "expires", "id")
    here.output.show({"items": found}, lambda: here.output.table(columns, map(_row, found), "No keys yet."))


@app.command()
@command
def change(
    here: Invocation,
    key: Which,
    name: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    unbound: Annotated[list[str] | None, typer.Option(metavar="FIELD", help="Take this bound away.")] = None,
    *,
    bounds: KeyBounds,
) -> None:
    """Change a key's name or bounds; its secret stays. `--unbound monthly_budget` takes a bound away."""
    with here.api() as api:
        freed: Json = {field: [] if field.startswith("allowed_") else None for field in unbound or []}
        changes: Json = {**freed, **bounds.chosen(api)} | ({"name": name} if name else {})
        if not changes:
            raise UsageRefused("Nothing to change: name a bound, as in --budget 5, or --unbound monthly_budget.")
        answer = api.patch(f"{_PATH}/{_key_id(api, key)}", changes)
    facts = [(field.replace("_", " "), value) for field, value in answer.items()]
    here.output.show(answer, lambda: here.output.facts(facts))


@app.command()
@command
def rotate(
    here: Invocation,
    key: Which,
    grace: Annotated[float, typer.Option(min=0, max=168, metavar="HOURS", help="How long the old one works.")] = 24,
    save: Annotated[bool, typer.Option("--save", help="Keep it beside your sign-in, for `marketplace chat`.")] = False,
) -> None:
    """Give a key a new secret, shown this once; the old one works for a while, one before that no more."""
    with here.api() as api:
        path = f"{_PATH}/{_key_id(api, key)}"
        body = {"grace_seconds": round(grace * _HOUR), "generation": api.get(path)["generation"] or None}
        answer = api.post(f"{path}/rotate", body)
    here.show_new_key(answer, lambda: _rotated(here, answer), save)


@app.command()
@command
def revoke(here: Invocation, key: Which) -> None:
    """Revoke a key; calls with it are refused from then on."""
    with here.api() as api:
        answer = api.delete(f"{_PATH}/{_key_id(api, key)}")
    here.signed_in.forget_key(str(answer["hint"]).rpartition(".")[2])
    here.output.show(answer, lambda: here.output.line(f"{answer['name']} ({answer['id']}): {answer['state']}"))


def _page(here: Invocation, key: Json) -> None:
    here.output.line(key["key"])
    here.output.hint(f"{key['id']}: this key is shown once. Use it as MARKETPLACE_API_KEY, or with any OpenAI client.")


def _rotated(here: Invocation, key: Json) -> None:
    _page(here, key)
    here.output.hint(f"The one before it works until {moment(key['previous_ends_at'])}.")


def _row(key: Json) -> tuple[object, ...]:
    budget = key["monthly_budget"]
    return (
        key["name"],
        key["hint"],
        key["state"],
        key["tier"],
        count(key["monthly_token_quota"]),
        "-" if budget is None else dollars(budget),
        moment(key["expires_at"]) if key["expires_at"] else "never",
        key["id"],
    )


def _key_id(api: ApiClient, named: str) -> str:
    if named.startswith("key_"):
        return named
    found = [one for one in api.items(_PATH, 1000) if one["name"] == named and one["state"] == "active"]
    if not found:
        raise NotFound(f"There is no active key {named}: `marketplace keys list` shows them.")
    if len(found) > 1:
        raise UsageRefused(f"{named} is the name of several keys: name one by its id.")
    return str(found[0]["id"])
