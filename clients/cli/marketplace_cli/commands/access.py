"""`marketplace access`: what a development marketplace wrote for its owner."""

from dataclasses import asdict
from typing import Annotated

import typer

from marketplace_cli.command_app import command_app
from marketplace_cli.development_access import SECRETS, access_of
from marketplace_cli.invocation import Invocation, command

app = command_app()


@app.command()
@command
def access(
    here: Invocation,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Show passwords and the key too.")] = False,
) -> None:
    """Show how to sign in at this machine's development marketplace."""
    found = asdict(access_of(here.settings.data_folder))
    shown = {name: value for name, value in found.items() if show_secrets or name not in SECRETS}
    here.output.show(shown, lambda: here.output.facts(shown.items()))
    if not show_secrets:
        here.output.hint("Passwords and the key are left out: --show-secrets shows them.")
