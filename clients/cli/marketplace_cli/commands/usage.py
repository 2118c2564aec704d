"""`marketplace usage`, `calls` and `quota`: what was used, what it cost, what is left."""

import sys
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from marketplace_cli.api_client import Json
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import UsageRefused
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.moments import utc_text
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
        datetime | None, typer.Option("--from", help="From this moment, in UTC; a month ago else.")
    ] = None,
    end: Annotated[datetime | None, typer.Option("--to", help="Up to this moment; now else.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Answer in CSV.")] = False,
) -> None:
    """Show what your team used and what it cost."""
    if csv and here.output.as_json:
        raise UsageRefused("Choose one: --csv or --json.")
    asked = {"group_by": group_by.value, "from": utc_text(start), "to": utc_text(end)}
    with here.api() as api:
        if csv:
            sys.stdout.write(api.send("GET", _PATH, params={**asked, "format": "csv"}).text)
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
    columns = ("of", "what", ">limit", ">used", ">held by calls", ">left", "begins anew")
    rows = (_limit(one) for one in found["items"])
    here.output.show(found, lambda: here.output.table(columns, rows, "Nothing is limited."))


def _row(one: Json) -> tuple[object, ...]:
    return (
        one["group"],
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


def _limit(one: Json) -> tuple[object, ...]:
    money = one["unit"] == "usd"
    amounts = (one[name] for name in ("limit", "used", "held", "remaining"))
    shown = [dollars(amount) if money else count(int(amount)) for amount in amounts]
    return (one["scope"], f"{one['kind']} {one['unit']}", *shown, moment(one["resets_at"]))
