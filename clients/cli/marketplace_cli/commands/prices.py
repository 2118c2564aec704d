"""`marketplace prices`: what listings cost, from when, and who says so."""

from dataclasses import dataclass
from typing import Annotated

import typer

from marketplace_cli.api_client import Json
from marketplace_cli.command_app import command_app
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.moments import FORMAT, utc_text
from marketplace_cli.option_groups import OptionGroup
from marketplace_cli.plain_text import dollars, moment

app = command_app("Show and set what listings cost.")
_PATH = "/api/v1/prices"
_AMOUNTS = (">in per million", ">cached in per million", ">out per million")


@dataclass(frozen=True)
class NewPrice(OptionGroup):
    """What is to hold, and from when."""

    input: Annotated[str, typer.Option(metavar="USD", help="For a million prompt tokens.")] = ""
    output: Annotated[str, typer.Option(metavar="USD", help="For a million completion tokens.")] = ""
    cached_input: Annotated[
        str | None, typer.Option(metavar="USD", help="For a million cached prompt tokens; else what others cost.")
    ] = None
    version: Annotated[str | None, typer.Option(metavar="ID", help="Of one version; else of every one.")] = None
    start: Annotated[str | None, typer.Option("--from", metavar=FORMAT, help="From when, in UTC; else now.")] = None


@app.command("list")
@command
def list_prices(
    here: Invocation,
    listing: Annotated[str, typer.Argument(help="A listing's id or name.")],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
) -> None:
    """List the prices of a listing, the latest first."""
    with here.api() as api:
        found = api.items(_PATH, limit, listing=listing)
    columns = ("from", "until", "version", *_AMOUNTS, "by")
    here.output.show({"items": found}, lambda: here.output.table(columns, map(_listed, found)))


@app.command("set")
@command
def set_price(
    here: Invocation, listing: Annotated[str, typer.Argument(help="A listing's id.")], *, price: NewPrice
) -> None:
    """Set what a listing costs from a moment on, past or future; `marketplace recalculate` reprices past calls."""
    body = {
        "listing_id": listing,
        "listing_version_id": price.version,
        "input_per_million": price.input,
        "output_per_million": price.output,
        "cached_input_per_million": price.cached_input,
        "effective_from": utc_text(price.start, "--from"),
    }
    with here.api() as api:
        made = api.post(_PATH, {name: value for name, value in body.items() if value is not None}, repeatable=True)
    columns = ("from", "version", *_AMOUNTS, "by")
    here.output.show(made, lambda: here.output.table(columns, map(_set, made["items"])))


def _set(one: Json) -> tuple[object, ...]:
    amounts = (dollars(one["input_per_million"]), _cached(one), dollars(one["output_per_million"]))
    return (moment(one["effective_from"]), one["listing_version_id"], *amounts, _source(one))


def _cached(one: Json) -> str:
    cached = one["cached_input_per_million"]
    return "same" if cached is None else dollars(cached)


def _listed(one: Json) -> tuple[object, ...]:
    start, *rest = _set(one)
    return (start, moment(one["effective_until"]), *rest)


def _source(one: Json) -> str:
    reference = one["reference"]
    return one["source"] if reference is None else f"{reference['name']}, {reference['age_days']} days old"
