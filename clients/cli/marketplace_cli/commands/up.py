"""`marketplace up`: the whole marketplace on this machine, until Ctrl-C."""

from collections.abc import Mapping
from pathlib import Path

import typer
from rich.console import Console

from fleet.settings import FleetSettings
from fleet.up import run_fleet
from marketplace_cli.command_app import command_app
from marketplace_cli.invocation import Invocation, command

app = command_app()


@app.command()
@command
def up(here: Invocation) -> None:
    """Bring the whole marketplace up on this machine, and end it with Ctrl-C; its state stays in the data folder."""
    settings = fleet_settings(here.settings.environment, here.settings.data_folder)
    raise typer.Exit(run_fleet(settings, Console(stderr=here.output.as_json)))


def fleet_settings(environment: Mapping[str, str], data_folder: Path) -> FleetSettings:
    """The fleet's own settings, for the folder that was chosen."""
    return FleetSettings.read({**environment, "FLEET_DATA_FOLDER": str(data_folder)})
