"""`marketplace listings`: the own team's listings, in whatever state."""

from typing import Annotated

import typer

from marketplace_cli.command_app import command_app
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.plain_text import moment

app = command_app()
_IMPORTED = "catalogue_only"
# Pages are read whole, so that a publication is not lost behind a thousand imported entries.
_MOST_READ = 2000


@app.command()
@command
def listings(
    here: Invocation,
    text: Annotated[str, typer.Argument(help="Part of a name or title.")] = "",
    state: Annotated[str, typer.Option(help="Only those in this state.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
) -> None:
    """List your team's own listings: what it published before what it imported, the newest first."""
    with here.api() as api:
        every = api.items("/api/v1/services", _MOST_READ, q=text or None, status=state or None)
    found = sorted(every, key=lambda one: one["state"] == _IMPORTED)[:limit]
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
    answer = {"items": found, "total": len(every)}
    here.output.show(answer, lambda: here.output.table(columns, rows, "Your team has no listings yet."))
    if len(found) < len(every):
        total = f"{len(every)}{' or more' if len(every) == _MOST_READ else ''}"
        here.output.hint(f"{len(found)} of {total} shown; more: --limit, fewer: part of a name, or --state.")
