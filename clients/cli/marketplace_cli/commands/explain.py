"""`marketplace explain`: why a call cost what it cost."""

from typing import Annotated

import typer

from marketplace_cli.api_client import Json
from marketplace_cli.command_app import command_app
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.plain_text import count, dollars, moment, prompt_price

app = command_app()


@app.command()
@command
def explain(
    here: Invocation, call: Annotated[str, typer.Argument(help="A call's id, as `marketplace calls` shows it.")]
) -> None:
    """Show key, limits, policies, price and arithmetic of a call."""
    with here.api() as api:
        found = api.get(f"/api/v1/calls/{call}/explain")
    here.output.show(found, lambda: _page(here, found))


def _page(here: Invocation, found: Json) -> None:
    here.output.facts(_facts(found))
    charged = ("charged to", ">reserved", ">charged", ">beyond", ">limit now")
    here.output.table(charged, map(_charge, found["charges"]), "No limit was charged.")
    cost = found["cost"]
    for step in cost["steps"]:
        here.output.line(step["text"])
    if cost["rounded"] is not None:
        here.output.line(f"together ${cost['total']}, rounded once: {dollars(cost['rounded'])}")
    here.output.line(f"recorded: {dollars(cost['recorded'])}", "" if cost["agrees"] else "yellow")


def _facts(found: Json) -> list[tuple[str, object]]:
    key, listing, tokens = found["key"], found["listing"], found["tokens"]
    how = f"{found['outcome']}, status {found['status']}, {found['duration_ms']:.0f} ms"
    used = f"{count(tokens['prompt'])} prompt ({count(tokens['cached_prompt'])} cached)"
    used += f" + {count(tokens['completion'])} completion"
    return [
        ("call", found["id"]),
        ("when", moment(found["started_at"])),
        ("key", f"{key['name'] or key['id']}, tier {key['tier'] or 'unknown'}"),
        ("listing", f"{listing['name']}@{listing['version']}, model {listing['model']} of {listing['provider']}"),
        ("ended", "unknown: charged at its reservation" if found["unknown_end"] else how),
        ("tokens", f"{used}{', estimated' if tokens['estimated'] else ''}"),
        ("policies", f"version {found['policy_version']}" if found["policy_version"] else ""),
        ("price", _price(found["price"])),
    ]


def _price(price: Json | None) -> str:
    if price is None:
        return "no row of the price book"
    given = prompt_price(price["input_per_million"], price["cached_input_per_million"])
    amounts = f"{given} in, {dollars(price['output_per_million'])} out per million"
    return f"{amounts}, by {price['source']} since {moment(price['effective_from'])}"


def _charge(one: Json) -> tuple[object, ...]:
    return (one["scope"], one["reserved"], one["charged"], one["overdraft"], one["limit"])
