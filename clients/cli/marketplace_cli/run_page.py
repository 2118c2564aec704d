"""A run as people see it: ten phases, live on a terminal, a line per change elsewhere."""

import re
from collections.abc import Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from marketplace_cli.api_client import Json
from marketplace_cli.output import Output
from marketplace_cli.plain_text import cut_at_word, one_line, seconds_between

_STYLES = {
    "passed": "green",
    "succeeded": "green",
    "failed": "red",
    "undone": "yellow",
    "skipped": "dim",
    "pending": "dim",
    "queued": "dim",
}
_WAITS = "approval"
# The state of the phase says it.
_LABELS = {"skipped": ""}
_ID = re.compile(r"[a-z]{2,5}_[0-9a-f]{32}", re.ASCII)


def show_run(output: Output, run: Json) -> None:
    """The run as it stands."""
    output.console.print(_table(run))
    output.line(_verdict(run), _STYLES.get(run["state"], ""))


def follow_on_page(output: Output, runs: Iterable[Json]) -> Json:
    """Show each change; the last state of the run."""
    last: Json = {}
    if output.as_json or not output.console.is_terminal:
        for run in runs:
            _tell_changes(output, last, run)
            last = run
    else:
        with Live(console=output.console, refresh_per_second=10) as live:
            for run in runs:
                last = run
                live.update(_live(run))
            live.update(_table(last))
    return last


def verdict_line(output: Output, run: Json) -> None:
    """How the run ended."""
    output.line(_verdict(run), _STYLES.get(run["state"], ""))


def _tell_changes(output: Output, before: Json, run: Json) -> None:
    if output.as_json:
        return
    known = {phase["name"]: phase["state"] for phase in before.get("phases", [])}
    for phase in run["phases"]:
        if phase["state"] != known.get(phase["name"], "pending"):
            output.line(f"{phase['name']}: {phase['state']}{_took(phase)}")
            if phase["name"] == _WAITS and phase["state"] == "running":
                output.hint(_waiting(run))


def _live(run: Json) -> RenderableType:
    running = [phase["name"] for phase in run["phases"] if phase["state"] == "running"]
    if not running:
        return _table(run)
    words = _waiting(run) if running == [_WAITS] else f"{running[0]} ..."
    return Group(_table(run), Spinner("dots", Text(words, style="dim")))


def _waiting(run: Json) -> str:
    return f"Waits for an approver: marketplace approve {run['run_id']}"


def _table(run: Json) -> Table:
    table = Table.grid(padding=(0, 2))
    for phase in run["phases"]:
        state = Text(phase["state"], style=_STYLES.get(phase["state"], "bold"))
        table.add_row(phase["name"], state, _took(phase).strip(), Text(_told(phase["report"]), style="dim"))
    return table


def _took(phase: Json) -> str:
    seconds = seconds_between(phase["started_at"], phase["ended_at"])
    return "" if seconds is None else f" ({seconds:.1f} s)"


def _told(report: dict[str, Any] | None) -> str:
    """What a person makes of a report: numbers and words; ids and empty values say nothing."""
    simple = {name: value for name, value in (report or {}).items() if isinstance(value, str | int | float)}
    told = [
        f"{_LABELS.get(name, name.replace('_', ' '))} {_said(value)}".strip()
        for name, value in simple.items()
        if _says_something(value)
    ]
    return cut_at_word(one_line("; ".join(told), 1000), 100) if told else ""


def _says_something(value: object) -> bool:
    return value != "" and not (isinstance(value, str) and _ID.fullmatch(value))


def _said(value: object) -> object:
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _verdict(run: Json) -> str:
    error = run.get("error")
    why = f" in {error['phase']}: {error['message'] or error['code']}" if error else ""
    return f"Run {run['run_id']} of version {run['version']}: {run['state']}{why}"
