"""`marketplace usage`, `calls` and `quota`: what was used, what it cost, what is left."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import typer

from chassis.errors import Forbidden
from marketplace_cli.api_client import ApiClient, Json
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import UsageRefused
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.moments import FORMAT, utc_text
from marketplace_cli.plain_text import count, dollars, moment

app = command_app()
_PATH = "/api/v1/usage"


class GroupBy(StrEnum):
    """By what usage is summed."""

    LISTING = "listing"
    MODEL = "model"
    KEY = "key"
    DAY = "day"


@app.command()
@command
def usage(
    here: Invocation,
    group_by: Annotated[GroupBy, typer.Option(help="By what to sum.")] = GroupBy.LISTING,
    start: Annotated[
        str | None, typer.Option("--from", metavar=FORMAT, help="From this moment, in UTC; a month ago else.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar=FORMAT, help="Up to this moment, in UTC; now else.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Answer in CSV.")] = False,
) -> None:
    """Show what your team used and what it cost."""
    if csv and here.output.as_json:
        raise UsageRefused("Choose one: --csv or --json.")
    asked = {"group_by": group_by.value, "from": utc_text(start, "--from"), "to": utc_text(end, "--to")}
    with here.api() as api:
        if csv:
            here.output.csv(api.send("GET", _PATH, params={**asked, "format": "csv"}).text)
            return
        found = api.get(_PATH, **asked)
    columns = (group_by.value, ">calls", ">prompt tokens", ">completion tokens", ">cost", ">failed", ">unpriced")
    rows = (_row(one) for one in found["groups"])
    here.output.show(found, lambda: here.output.table(columns, rows, "Nothing was used in this time."))


@app.command()
@command
def calls(
    here: Invocation, limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20
) -> None:
    """List your team's calls, the newest first."""
    with here.api() as api:
        found = api.items("/api/v1/calls", limit)
    columns = ("when", "listing", ">status", "outcome", ">tokens in", ">tokens out", ">cost", ">ms", "call")
    here.output.show({"items": found}, lambda: here.output.table(columns, map(_call, found), "No calls yet."))


@app.command()
@command
def quota(here: Invocation) -> None:
    """Show what is left of each quota and budget this month, and when it begins anew."""
    with here.api() as api:
        found = api.get("/api/v1/quota")
        names = {} if here.output.as_json else _key_names(api)
    here.output.show(found, lambda: _quota_page(here, found, names))


def _key_names(api: ApiClient) -> dict[str, str]:
    """The name of each key by its id; none where the reader may not see keys."""
    try:
        return {str(key["id"]): str(key["name"]) for key in api.items("/api/v1/keys", 1000)}
    except Forbidden:
        return {}


def _quota_page(here: Invocation, found: Json, names: dict[str, str]) -> None:
    limits: list[Json] = found["items"]
    columns = ("of", "what", ">limit", ">used", ">leased ahead", ">left", "begins anew")
    here.output.table(columns, (_limit(one, names) for one in limits), "Nothing is limited.")
    if any(Decimal(one["held"]) for one in limits):
        here.output.hint("Leased ahead: set aside for calls under way and the next ones; what is not used comes back.")
    if found.get("more"):
        here.output.hint("More keys have limits than are shown.")


def _row(one: Json) -> tuple[object, ...]:
    return (
        "(others)" if one["group"] is None else one["group"],
        count(one["calls"]),
        count(one["prompt_tokens"]),
        count(one["completion_tokens"]),
        dollars(one["cost"]),
        count(one["failed_calls"]),
        count(one["unpriced_calls"]),
    )


def _call(one: Json) -> tuple[object, ...]:
    return (
        moment(one["started_at"]),
        f"{one['listing']}@{one['version']}",
        one["status"],
        one["outcome"],
        count(one["prompt_tokens"]),
        count(one["completion_tokens"]),
        dollars(one["cost"]),
        f"{one['duration_ms']:.0f}",
        one["id"],
    )


def _limit(one: Json, names: dict[str, str]) -> tuple[object, ...]:
    money = one["unit"] == "usd"
    amounts = (one[name] for name in ("limit", "used", "held", "remaining"))
    shown = [dollars(amount) if money else count(int(amount)) for amount in amounts]
    return (_owner(one, names), "dollars" if money else "tokens", *shown, moment(one["resets_at"]))


def _owner(one: Json, names: dict[str, str]) -> str:
    """Whose limit it is: a scope reads `key:key_01...:tokens`."""
    owner = str(one["scope"]).removeprefix(f"{one['kind']}:").rpartition(":")[0]
    return f"{one['kind']} {names.get(owner, owner)}".strip()
