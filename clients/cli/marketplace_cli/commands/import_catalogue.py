"""`marketplace import`: a catalogue of models, batch by batch; doing it again changes nothing."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from marketplace_cli.api_client import Json
from marketplace_cli.catalogue_file import batches, catalogue_rows
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import EXIT_REFUSED
from marketplace_cli.invocation import Invocation, command

app = command_app()
_OUTCOMES = ("created", "updated", "unchanged", "refused")
_MOST_REFUSALS_SHOWN = 20


@app.command("import")
@command
def import_catalogue(
    here: Invocation,
    file: Annotated[Path, typer.Argument(help="A models.json as OpenRouter has it.")],
    batch: Annotated[int, typer.Option(min=1, max=500, help="Models in one request.")] = 50,
    visibility: Annotated[str | None, typer.Option(help="public, workspace or private.")] = None,
) -> None:
    """Import a catalogue of models: they can be found, and cannot be called. Doing it again changes nothing."""
    rows = catalogue_rows(file)
    results = _imported(here, rows, batch, visibility)
    counts = Counter(result["outcome"] for result in results)
    summary: Json = {name: counts[name] for name in _OUTCOMES}
    here.output.show({**summary, "rows": results}, lambda: _page(here, summary, results))
    if summary["refused"]:
        raise typer.Exit(EXIT_REFUSED)


def _imported(here: Invocation, rows: list[Any], size: int, visibility: str | None) -> list[Json]:
    columns = (TextColumn("Importing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    quiet = here.output.as_json or not here.output.remarks.is_terminal
    results: list[Json] = []
    with (
        here.api() as api,
        Progress(*columns, console=here.output.remarks, disable=quiet, transient=True) as progress,
    ):
        bar = progress.add_task("import", total=len(rows))
        for part in batches(rows, size):
            reply = api.post("/api/v1/catalogue/imports", {"data": part}, repeatable=True, visibility=visibility)
            offset = len(results)
            results += [{**row, "row": offset + place} for place, row in enumerate(reply["rows"])]
            progress.advance(bar, len(part))
    return results


def _page(here: Invocation, summary: Json, results: list[Json]) -> None:
    here.output.line(f"{len(results)} models: " + ", ".join(f"{summary[name]} {name}" for name in _OUTCOMES))
    refused = [row for row in results if row["outcome"] == "refused"]
    for row in refused[:_MOST_REFUSALS_SHOWN]:
        here.output.line(f"  row {row['row']}, {row['id']}: {row['reason']}", "red")
    if len(refused) > _MOST_REFUSALS_SHOWN:
        here.output.line(f"  ... and {len(refused) - _MOST_REFUSALS_SHOWN} more refused")
