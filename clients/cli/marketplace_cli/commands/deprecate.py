"""`marketplace deprecate`: the end of a listing, announced to those who call it."""

from typing import Annotated

import typer

from marketplace_cli.command_app import command_app
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.listing_names import own_listing_id
from marketplace_cli.moments import FORMAT, utc_text

app = command_app()


@app.command()
@command
def deprecate(
    here: Invocation,
    listing: Annotated[str, typer.Argument(help="A listing's id or name.")],
    reason: Annotated[str, typer.Option(help="Why, for those who call it.")],
    sunset: Annotated[str | None, typer.Option(metavar=FORMAT, help="When calls may end, in UTC.")] = None,
    successor: Annotated[str, typer.Option(help="The listing to move to.")] = "",
) -> None:
    """Announce the end of a listing: it still works, and every reply says so from now on."""
    body = {"reason": reason, "sunset_at": utc_text(sunset, "--sunset"), "successor": successor}
    with here.api() as api:
        answer = api.post(f"/api/v1/services/{own_listing_id(api, listing)}/deprecate", body)
    facts = [(name, answer[name]) for name in ("name", "state", "deprecated_at", "sunset_at", "successor", "reason")]
    here.output.show(answer, lambda: here.output.facts(facts))
