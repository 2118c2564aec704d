"""`marketplace verify-ledger`: whether the books of a month agree."""

from typing import Annotated

import typer

from marketplace_cli.api_client import Json
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import EXIT_REFUSED
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.plain_text import count, moment

app = command_app()


@app.command("verify-ledger")
@command
def verify_ledger(
    here: Invocation,
    month: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="Which month, in UTC; else this one.")] = None,
) -> None:
    """Hold balances, leases and usage of a month against each other; the exit code is 1 where they do not agree."""
    with here.api() as api:
        found = api.get("/api/v1/ledger/verification", month=month)
    here.output.show(found, lambda: _page(here, found))
    if not found["holds"]:
        raise typer.Exit(EXIT_REFUSED)


def _page(here: Invocation, found: Json) -> None:
    if found["deviations"]:
        columns = ("what", "scope", "call", ">expected", ">found")
        here.output.table(columns, map(_deviation, found["deviations"]))
    if found["more_deviations"]:
        here.output.hint("There are more deviations than are shown.")
    if found["unknown"]:
        columns = ("unknown end", "team", "listing", "call", "charged until it is reconciled")
        here.output.table(columns, map(_unknown, found["unknown"]))
    verdict = "the books agree" if found["holds"] else "the books do NOT agree"
    sums = f"{count(found['scopes'])} scopes, {count(found['calls'])} calls, {count(found['unknown_calls'])} unknown"
    here.output.line(f"{found['period_start'][:7]}: {verdict} ({sums})", "green" if found["holds"] else "red")


def _deviation(one: Json) -> tuple[object, ...]:
    return (one["kind"], one["scope"], one["call_id"], one["expected"], one["found"])


def _unknown(one: Json) -> tuple[object, ...]:
    charged = [f"{scope} {amount}" for scope, amount in one["charged"].items()]
    return (moment(one["started_at"]), one["team_id"], one["listing"], one["id"], charged)
