"""`marketplace show`: one listing."""

from typing import Annotated

import typer

from marketplace_cli.command_app import command_app
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.listing_names import listing_id
from marketplace_cli.listing_page import show_listing

app = command_app()


@app.command()
@command
def show(here: Invocation, listing: Annotated[str, typer.Argument(help="A listing's id, or team/name.")]) -> None:
    """Show a listing: price, abilities, limits, promises."""
    with here.public_api() as api:
        found = api.get(f"/api/v1/services/{listing_id(api, listing)}")
    here.output.show(found, lambda: show_listing(here.output, found))
