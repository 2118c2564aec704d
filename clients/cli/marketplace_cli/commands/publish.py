"""`marketplace publish`: a described listing sent into the pipeline, and followed through it."""

from pathlib import Path
from typing import Annotated

import typer

from chassis.errors import MarketplaceError
from marketplace_cli.api_client import ApiClient, Json
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import EXIT_REFUSED, Refused
from marketplace_cli.following import Following
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.listing_file import ListingFile
from marketplace_cli.listing_names import own_listing_id
from marketplace_cli.plain_text import one_line
from marketplace_cli.replies import problem_code
from marketplace_cli.run_page import follow_on_page, verdict_line

app = command_app()


@app.command()
@command
def publish(
    here: Invocation,
    file: Annotated[Path, typer.Argument(help="The description of the listing, in YAML or JSON.")],
    new_version: Annotated[
        bool, typer.Option("--new-version", help="A greater version of a listing that your team has.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the run to its end.")] = True,
    timeout: Annotated[float, typer.Option(min=1, help="Follow for so many seconds at most.")] = 900,
) -> None:
    """Publish a listing. `openapi:` may name a file or an address, which are read here and sent along.

    `endpoint.credential:` may be ${VARIABLE} or file:PATH, so that no secret stands in the description.
    """
    body = ListingFile(file, here.settings.environment, here.world).whole()
    with here.api() as api:
        receipt = _sent(api, body, new_version)
        if not wait:
            here.output.show(receipt, lambda: _receipt(here, receipt))
            return
        if not here.output.as_json:
            _receipt(here, receipt)
        run = _followed(here, Following(api, here.world, timeout), receipt["run_id"])
    here.output.show({**receipt, "state": run["version_state"], "run": run}, lambda: verdict_line(here.output, run))
    if run["state"] != "succeeded":
        raise typer.Exit(EXIT_REFUSED)


def _followed(here: Invocation, following: Following, run_id: str) -> Json:
    try:
        return follow_on_page(here.output, following.run(run_id))
    except KeyboardInterrupt:
        here.output.hint(f"The run goes on: `marketplace runs {run_id} --watch` follows it again.")
        raise


def _sent(api: ApiClient, body: Json, new_version: bool) -> Json:
    if new_version:
        return api.put(f"/api/v1/services/{own_listing_id(api, str(body.get('name', '')))}", body)
    try:
        return api.post("/api/v1/services", body)
    except MarketplaceError as error:
        if problem_code(error) != "name_taken":
            raise
        raise Refused(
            f"Your team has a listing named {one_line(body.get('name'))}: raise its version and publish with"
            " --new-version, or choose another name."
        ) from None


def _receipt(here: Invocation, receipt: Json) -> None:
    here.output.line(f"{receipt['name']} {receipt['version']} is submitted: run {receipt['run_id']}")
    here.output.hint(f"listing {receipt['listing_id']}")
