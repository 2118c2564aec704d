"""`marketplace reconcile`: a supplier's invoice beside our books."""

from pathlib import Path
from typing import Annotated

import typer

from marketplace_cli.api_client import Json
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import UsageRefused
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.plain_text import count, dollars, moment

app = command_app()
_PATH = "/api/v1/invoices"
_OWING = {"nobody": "nobody", "supplier": "supplier owes", "us": "we owe", "open": "open", None: "unknown"}


@app.command()
@command
def reconcile(
    here: Invocation,
    file: Annotated[Path, typer.Argument(help="The invoice: CSV with day or month, model, tokens, amount, currency.")],
    supplier: Annotated[str | None, typer.Option(metavar="HOST", help="Whose: the host of the endpoint.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Answer in CSV.")] = False,
) -> None:
    """Hold a supplier's invoice against what we counted: what differs, and who owes."""
    if csv and here.output.as_json:
        raise UsageRefused("Choose one: --csv or --json.")
    data = file.read_bytes()
    with here.api() as api:
        headers = {"content-type": "text/csv"}
        found: Json = api.send("POST", _PATH, content=data, headers=headers, params={"provider": supplier}).json()
        if csv:
            here.output.csv(api.send("GET", f"{_PATH}/{found['invoice']['id']}", params={"format": "csv"}).text)
            return
    here.output.show(found, lambda: _page(here, found))


def _page(here: Invocation, found: Json) -> None:
    output, invoice = here.output, found["invoice"]
    output.line(f"{invoice['id']}: {invoice['first_day']} to {invoice['last_day']}, in {invoice['currency']}")
    columns = (
        *("period", "model", "listing", ">billed", ">settled", ">estimated", ">unknown", ">difference"),
        *(">tokens in", ">tokens out", "owing"),
    )
    output.table(columns, map(_row, found["rows"]))
    if found["unknown_calls"]:
        output.line("Calls of unknown end, to settle or release:")
        columns = ("call", "when", "listing", "model", ">held")
        output.table(columns, map(_unknown, found["unknown_calls"]))
    output.hint("Tokens in and out: billed beyond what we counted.")


def _row(row: Json) -> tuple[object, ...]:
    one_day = row["first_day"] == row["last_day"]
    billed, ours, difference = row["billed"], row["ours"], row["difference"]
    return (
        row["first_day"] if one_day else f"{row['first_day']} to {row['last_day']}",
        row["model"],
        row["listing"] or [share["listing"] for share in row["by_listing"]],
        "not billed" if billed is None else billed["amount"],
        *(_counted(ours[certainty]) for certainty in ("settled", "estimated", "unknown")),
        dollars(difference["amount"]),
        count(difference["input_tokens"]),
        count(difference["output_tokens"]),
        _OWING.get(row["owing"], row["owing"]),
    )


def _counted(part: Json) -> str | None:
    return f"{dollars(part['cost'])} ({count(part['calls'])})" if part["calls"] else None


def _unknown(call: Json) -> tuple[object, ...]:
    where = f"{call['listing']}@{call['version']}"
    return (call["call_id"], moment(call["started_at"]), where, call["model"], dollars(call["held"]))
