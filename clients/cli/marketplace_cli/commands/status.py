"""`marketplace status`: each part of this machine's marketplace, once or live."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer
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
_FINE = frozenset({"ready", "done"})
_STYLES = {"ready": "green", "done": "green", "failed": "red", "backing_off": "yellow", "stopped": "dim"}


@app.command()
@command
def status(
    here: Invocation,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow live until Ctrl-C.")] = False,
    log_lines: Annotated[int, typer.Option(min=0, max=100, help="Lines of each part's log.")] = 1,
) -> None:
    """Show each part: state, ports, process, memory, restarts, uptime and the end of its log.

    The exit code is 0 where everything is ready, else 5.
    """
    if watch and not here.output.as_json:
        _follow(here, log_lines)
    found = read_status(here.settings.data_folder, log_lines)
    here.output.show(asdict(found), lambda: _page(here, found))
    if not found.running or any(part.state not in _FINE for part in found.parts):
        raise typer.Exit(EXIT_UNAVAILABLE)


def _follow(here: Invocation, log_lines: int) -> None:
    with Live(console=here.output.console, auto_refresh=False, screen=here.output.console.is_terminal) as live:
        while True:
            live.update(_table(read_status(here.settings.data_folder, log_lines)), refresh=True)
            here.world.pause(1.0)


def _page(here: Invocation, found: FleetStatus) -> None:
    here.output.line(_headline(found))
    if found.parts:
        here.output.console.print(_table(found))


def _headline(found: FleetStatus) -> str:
    if not found.running:
        return "The marketplace does not run here: start it with `marketplace up`."
    return f"Running, process {found.pid}, memory {_memory(found.memory_bytes)}"


def _table(found: FleetStatus) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row(*(Text(name, style="bold") for name in _COLUMNS))
    for part in found.parts:
        for row in _rows(part):
            table.add_row(*row)
    return table


_COLUMNS = ("part", "state", "ports", "process", "memory", "restarts", "uptime", "last words")


def _rows(part: PartStatus) -> Iterator[list[Text]]:
    words = [part.problem] if part.problem else [said_in(line) for line in part.log_lines] or [""]
    facts = (
        part.name,
        part.state,
        ", ".join(map(str, part.ports)),
        part.pid,
        _memory(part.memory_bytes),
        part.restarts,
        _uptime(part.uptime_seconds),
    )
    style = _STYLES.get(part.state, "")
    first = [Text(one_line(fact), style=style if place == 1 else "") for place, fact in enumerate(facts)]
    yield [*first, _words(words[0])]
    for line in words[1:]:
        yield [*([Text("")] * len(facts)), _words(line)]


def said_in(line: str) -> str:
    """Level and message of a line that our services wrote as JSON; any other line as it is."""
    try:
        found = json.loads(line)
        return f"{found['level']}: {found['message']}"
    except (ValueError, KeyError, TypeError):
        return line


def _words(line: str) -> Text:
    return Text(one_line(line, 400), style="dim", no_wrap=True, overflow="ellipsis")


def _memory(size: int | None) -> str:
    return "-" if size is None else f"{size / _MIB:.0f} MiB"


def _uptime(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
