"""`marketplace status`: each part of this machine's marketplace, once or live."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from fleet.status import FleetStatus, PartStatus, read_status
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import EXIT_UNAVAILABLE
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.plain_text import one_line

app = command_app()
_MIB = 1024 * 1024
_USUAL_LINES = 1
# Keeps the table within 110 columns.
_WIDEST = 34
_FINE = frozenset({"ready", "done"})
_STYLES = {"ready": "green", "done": "green", "failed": "red", "backing_off": "yellow", "stopped": "dim"}


@app.command()
@command
def status(
    here: Invocation,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow live until Ctrl-C.")] = False,
    log_lines: Annotated[
        int | None, typer.Option(min=0, max=100, help="Lines of each part's log; one of those that are not ready else.")
    ] = None,
) -> None:
    """Show each part: state, ports, process, memory, restarts and uptime; of those that are not ready, why.

    The exit code is 0 where everything is ready, else 5.
    """
    if watch and not here.output.as_json:
        _follow(here, log_lines)
    found = read_status(here.settings.data_folder, _USUAL_LINES if log_lines is None else log_lines)
    here.output.show(asdict(found), lambda: _page(here, found, log_lines))
    if not found.running or any(part.state not in _FINE for part in found.parts):
        raise typer.Exit(EXIT_UNAVAILABLE)


def _follow(here: Invocation, log_lines: int | None) -> None:
    lines = _USUAL_LINES if log_lines is None else log_lines
    with Live(console=here.output.console, auto_refresh=False, screen=here.output.console.is_terminal) as live:
        while True:
            live.update(_picture(read_status(here.settings.data_folder, lines), log_lines), refresh=True)
            here.world.pause(1.0)


def _page(here: Invocation, found: FleetStatus, log_lines: int | None) -> None:
    here.output.line(_headline(found))
    if found.parts:
        here.output.console.print(_picture(found, log_lines))


def _headline(found: FleetStatus) -> str:
    if not found.running:
        return "The marketplace does not run here: start it with `marketplace up`."
    return f"Running, process {found.pid}, memory {_memory(found.memory_bytes)}"


def _picture(found: FleetStatus, log_lines: int | None) -> RenderableType:
    """The table, and below it the words of those parts that have something to say."""
    words = [_words(part.name, line) for part in found.parts for line in _said(part, log_lines)]
    return Group(_table(found), *words)


def _said(part: PartStatus, log_lines: int | None) -> Sequence[str]:
    """The last line of a part that is well is an old story, unless somebody asks for it."""
    if part.problem:
        return [part.problem]
    return [] if log_lines is None and part.state in _FINE else [said_in(line) for line in part.log_lines]


def _table(found: FleetStatus) -> Table:
    table = Table.grid(padding=(0, 2))
    for name in _COLUMNS:
        table.add_column(max_width=_WIDEST if name == "ports" else None)
    table.add_row(*(Text(name, style="bold") for name in _COLUMNS))
    for part in found.parts:
        table.add_row(*_row(part))
    return table


_COLUMNS = ("part", "state", "ports", "process", "memory", "restarts", "uptime")


def _row(part: PartStatus) -> list[Text]:
    facts = (
        part.name,
        part.state,
        ", ".join(map(str, sorted(part.ports))),
        part.pid,
        _memory(part.memory_bytes),
        part.restarts,
        _uptime(part.uptime_seconds),
    )
    style = _STYLES.get(part.state, "")
    return [Text(one_line(fact), style=style if place == 1 else "") for place, fact in enumerate(facts)]


def said_in(line: str) -> str:
    """Level and message of a line that our services wrote as JSON; any other line as it is."""
    try:
        found = json.loads(line)
        return f"{found['level']}: {found['message']}"
    except (ValueError, KeyError, TypeError):
        return line


def _words(name: str, line: str) -> Text:
    return Text(f"{name}: {one_line(line, 400)}", style="dim", no_wrap=True, overflow="ellipsis")


def _memory(size: int | None) -> str:
    return "-" if size is None else f"{size / _MIB:.0f} MiB"


def _uptime(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
