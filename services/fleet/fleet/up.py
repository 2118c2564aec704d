"""`marketplace up`: bring the machine's marketplace up, keep it up, and end it in order."""

from collections.abc import Sequence

from rich.console import Console

from fleet.data_folder import DataFolder
from fleet.life import Plan, live
from fleet.machine import machine_of
from fleet.part import Part
from fleet.settings import FleetSettings
from fleet.topology import topology


def main(settings: FleetSettings) -> int:
    """The exit code of `python -m fleet up`."""
    return run_fleet(settings)


def run_fleet(settings: FleetSettings, console: Console | None = None) -> int:
    """Run everything until Ctrl-C or SIGTERM; the exit code. What goes wrong is one line on stderr."""
    folder = DataFolder(settings.data_folder)

    def parts() -> Sequence[Part]:
        return topology(machine_of(settings), settings.inherited, settings.own)

    def welcome() -> Sequence[str]:
        gateway = settings.ports.url("gateway.http")
        lines = [f"  gateway        {gateway}", f"  documentation  {gateway}/docs"]
        if folder.access.exists():
            lines.append(f"  sign-in        {folder.access}")
        return lines

    return live(Plan("the marketplace", folder, parts, welcome), console or Console())
