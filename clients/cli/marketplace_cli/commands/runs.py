"""`marketplace runs`: where a publication stands."""

from typing import Annotated

import typer

from marketplace_cli.command_app import command_app
from marketplace_cli.errors import EXIT_REFUSED
from marketplace_cli.following import Following
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.listing_names import run_id_of
from marketplace_cli.run_page import follow_on_page, show_run, verdict_line

app = command_app()


@app.command()
@command
def runs(
    here: Invocation,
    which: Annotated[str, typer.Argument(help="A run's id, or your listing's name: name, or name@version.")],
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow the run to its end.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Follow for so many seconds at most.")] = 900,
) -> None:
    """Show a run phase by phase, of a listing its newest one; the exit code is 1 where it failed."""
    with here.api() as api:
        run_id = run_id_of(api, which)
        if watch:
            run = follow_on_page(here.output, Following(api, here.world, timeout).run(run_id))
            here.output.show(run, lambda: verdict_line(here.output, run))
        else:
            run = api.get(f"/api/v1/runs/{run_id}")
            here.output.show(run, lambda: show_run(here.output, run))
    if run["state"] == "failed":
        raise typer.Exit(EXIT_REFUSED)
