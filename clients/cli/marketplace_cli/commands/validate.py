"""`marketplace validate`: findings in an OpenAPI document, each with its place and how to mend it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from marketplace_cli.api_client import Json
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import EXIT_REFUSED
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.listing_file import ListingFile, describes_listing
from marketplace_cli.local_document import is_address, read_source
from marketplace_cli.plain_text import one_line

app = command_app()
_STYLES = {"error": "red", "warning": "yellow", "info": "dim"}


class Mode(StrEnum):
    """Strict refuses any violation; lenient what makes a document unusable."""

    STRICT = "strict"
    LENIENT = "lenient"


@app.command()
@command
def validate(
    here: Invocation,
    file: Annotated[str, typer.Argument(help="A file, an address, or - for stdin.")],
    mode: Annotated[Mode, typer.Option(help="How hard to look.")] = Mode.STRICT,
) -> None:
    """Check an OpenAPI document without publishing it; the exit code is 1 where it is not valid.

    Of a file that describes a listing, the document that its `openapi:` names is checked.
    """
    document = read_source(file, here.world)
    if file != "-" and not is_address(file) and describes_listing(document):
        here.output.hint(f"{file} describes a listing: its `openapi:` is what is checked.")
        document = ListingFile(Path(file), here.settings.environment, here.world).document()
    with here.api() as api:
        kind = {"content-type": "application/json" if document.lstrip()[:1] == b"{" else "application/yaml"}
        reply = api.send("POST", "/api/v1/validate", params={"mode": mode.value}, content=document, headers=kind)
    report: Json = reply.json()
    here.output.show(report, lambda: _page(here, report))
    if not report["valid"]:
        raise typer.Exit(EXIT_REFUSED)


def _page(here: Invocation, report: Json) -> None:
    findings: list[Json] = report["findings"]
    if findings:
        here.output.table(("severity", ">line", "pointer", "what is wrong", "how to mend it"), map(_row, findings))
    if report["more_findings"]:
        here.output.line(f"... and {report['more_findings']} more.")
    verdict = "valid" if report["valid"] else "not valid"
    counts = ", ".join(f"{sum(one['severity'] == kind for one in findings)} {kind}s" for kind in ("error", "warning"))
    here.output.line(
        f"{one_line(report['title'])}: {verdict} ({report['mode']}), OpenAPI {one_line(report['openapi_version'])},"
        f" {report['operations']} operations, {counts}.",
        "green" if report["valid"] else "red",
    )


def _row(finding: Json) -> tuple[object, ...]:
    severity = Text(finding["severity"], style=_STYLES.get(finding["severity"], ""))
    return severity, finding["line"], finding["pointer"] or "/", finding["message"], finding["fix"]
