"""`marketplace import`: a catalogue of models, batch by batch; doing it again changes nothing."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace_cli.api_client import ApiClient, Json
from marketplace_cli.catalogue_file import batches, catalogue_rows
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import EXIT_REFUSED
from marketplace_cli.index_state import Awaited, IndexState, index_state, until_indexed
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.output import Output

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
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until all can be found by their meaning, a minute at most.")
    ] = True,
) -> None:
    """Import a catalogue of models: they can be found, and cannot be called. Doing it again changes nothing."""
    rows = catalogue_rows(file)
    with here.api() as api:
        before = index_state(api) if wait else None
        results = _imported(here.output, api, batches(rows, batch), visibility)
        counts = Counter(result["outcome"] for result in results)
        after = _indexed(here, api, before, counts) if wait else None
    summary: Json = {name: counts[name] for name in _OUTCOMES}
    left = after.without_vectors if after else None
    here.output.show({**summary, "without_vectors": left, "rows": results}, lambda: _page(here, summary, results))
    if wait and left != 0:
        here.output.hint("Search may miss some by meaning for a while: `marketplace search` says when it does.")
    if summary["refused"]:
        raise typer.Exit(EXIT_REFUSED)


def _imported(output: Output, api: ApiClient, parts: Iterable[list[Any]], visibility: str | None) -> list[Json]:
    results: list[Json] = []
    waiting = list(parts)
    with output.bar("importing", sum(map(len, waiting))) as bar:
        for part in waiting:
            reply = api.post("/api/v1/catalogue/imports", {"data": part}, repeatable=True, visibility=visibility)
            offset = len(results)
            results += [{**row, "row": offset + place} for place, row in enumerate(reply["rows"])]
            bar.move(len(results))
    return results


def _indexed(here: Invocation, api: ApiClient, before: IndexState | None, counts: Counter[str]) -> IndexState | None:
    if before is None:
        return None
    awaited = Awaited(before, counts["created"], counts["updated"])
    last = before
    with here.output.bar("indexing meaning", awaited.most) as bar:
        for state in until_indexed(api, here.world, awaited):
            last = state
            bar.move(awaited.most - awaited.missing(state))
    return last


def _page(here: Invocation, summary: Json, results: list[Json]) -> None:
    here.output.line(f"{len(results)} models: " + ", ".join(f"{summary[name]} {name}" for name in _OUTCOMES))
    refused = [row for row in results if row["outcome"] == "refused"]
    for row in refused[:_MOST_REFUSALS_SHOWN]:
        here.output.line(f"  row {row['row']}, {row['id']}: {row['reason']}", "red")
    if len(refused) > _MOST_REFUSALS_SHOWN:
        here.output.line(f"  ... and {len(refused) - _MOST_REFUSALS_SHOWN} more refused")
