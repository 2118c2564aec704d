"""`marketplace recalculate`: past calls priced again, or what that would change."""

import uuid
from dataclasses import dataclass
from typing import Annotated

import typer

from chassis.errors import TimedOut
from marketplace_cli.api_client import ApiClient, Json
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import FaultAtTheirs, UsageRefused
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.moments import FORMAT, utc_text
from marketplace_cli.option_groups import OptionGroup
from marketplace_cli.plain_text import count, dollars, prompt_price

app = command_app()
_PATH, _PREVIEW = "/api/v1/recalculations", "/api/v1/recalculation-previews"
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Narrowed(OptionGroup):
    """Which calls; all of them where nothing is named."""

    start: Annotated[str | None, typer.Option("--from", metavar=FORMAT, help="From this moment, in UTC.")] = None
    end: Annotated[str | None, typer.Option("--to", metavar=FORMAT, help="Up to this moment, in UTC.")] = None
    team: Annotated[str | None, typer.Option(metavar="ID", help="Of this team.")] = None
    listing: Annotated[str | None, typer.Option(metavar="ID", help="To this listing.")] = None
    model: Annotated[str | None, typer.Option(help="By this model of a vendor.")] = None

    def body(self) -> Json:
        """As the marketplace takes it. Raises UsageRefused."""
        if self.start is None or self.end is None:
            raise UsageRefused("Name the time: --from and --to.")
        wanted = {
            "from": utc_text(self.start, "--from"),
            "to": utc_text(self.end, "--to"),
            "team_id": self.team,
            "listing_id": self.listing,
            "model": self.model,
        }
        return {name: value for name, value in wanted.items() if value is not None}


@app.command()
@command
def recalculate(
    here: Invocation,
    preview: Annotated[bool, typer.Option("--preview", help="Show what would change, and change nothing.")] = False,
    request_id: Annotated[str | None, typer.Option(metavar="ID", help="The same one again starts nothing.")] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Follow for so many seconds at most.")] = 3600,
    *,
    which: Narrowed,
) -> None:
    """Price past calls by the price book as of each call's start; differences become corrections."""
    with here.api() as api:
        if preview:
            found = api.post(_PREVIEW, which.body(), repeatable=True)
        else:
            body = {**which.body(), "request_id": request_id or f"cli-{uuid.uuid4()}"}
            run = api.post(_PATH, body, repeatable=True)
            here.output.hint(f"Recalculation {run['id']}, request {run['request_id']}")
            found = _followed(here, api, run, timeout)
    here.output.show(found, lambda: _page(here, found, "would be" if preview else "are"))


def _followed(here: Invocation, api: ApiClient, run: Json, timeout: float) -> Json:
    until = here.world.now() + timeout
    with here.output.bar("Pricing again", run["calls_total"]) as bar:
        while True:
            run = api.get(f"{_PATH}/{run['id']}")
            bar.move(run["calls"])
            if run["state"] == "completed":
                return run
            if run["state"] == "failed":
                corrected = count(run["corrected"])
                raise FaultAtTheirs(f"{run['id']} failed ({run['failure']}): its {corrected} corrections so far stay.")
            if here.world.now() > until:
                raise TimedOut(f"{run['id']} goes on without us: ask again with --request-id {run['request_id']}.")
            here.world.pause(_POLL_SECONDS)


def _page(here: Invocation, found: Json, verb: str) -> None:
    columns = ("listing", "model", ">calls", ">old price", ">new price", ">old cost", ">new cost", ">difference")
    here.output.table(columns, map(_group, found["groups"]), "Every call costs what it did.")
    left = f"{count(found['without_price'])} without a price, {count(found['unknown_end'])} of unknown end"
    left += f", {count(found['decided'])} decided by an invoice"
    seen = f"{count(found['corrected'])} of {count(found['calls'])} calls {verb} corrected"
    here.output.line(f"{seen} by {_signed(found['difference'])}; left as they are: {left}")
    if not found.get("complete", True):
        here.output.hint("There are more calls than a preview looks at: narrow it, or take this as a sample.")


def _group(one: Json) -> tuple[object, ...]:
    costs = (dollars(one["old_cost"]), dollars(one["new_cost"]), _signed(one["difference"]))
    return (
        one["listing"],
        one["model"],
        count(one["calls"]),
        _price(one["old_price"]),
        _price(one["new_price"]),
        *costs,
    )


def _price(price: Json | None) -> str:
    if price is None:
        return "unknown"
    given = prompt_price(price["input_per_million"], price["cached_input_per_million"])
    return f"{given} / {dollars(price['output_per_million'])}"


def _signed(difference: str) -> str:
    return f"-{dollars(difference[1:])}" if difference.startswith("-") else f"+{dollars(difference)}"
