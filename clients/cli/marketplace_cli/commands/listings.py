"""`marketplace listings`: the own team's listings, in whatever state."""

from typing import Annotated

import typer

from marketplace_cli.command_app import command_app
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.plain_text import moment

app = command_app()


@app.command()
@command
def listings(
    here: Invocation,
    text: Annotated[str, typer.Argument(help="Part of a name or title.")] = "",
    state: Annotated[str, typer.Option(help="Only those in this state.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
) -> None:
    """List your team's own listings, the newest first."""
    with here.api() as api:
        found = api.items("/api/v1/services", limit, q=text or None, status=state or None)
    rows = (
        (
            one["name"],
            one["newest"]["version"],
            one["state"],
            one["visibility"],
            moment(one["updated_at"]),
            one["listing_id"],
        )
        for one in found
    )
    columns = ("name", "version", "state", "visibility", "changed", "listing")
    here.output.show({"items": found}, lambda: here.output.table(columns, rows, "Your team has no listings yet."))
