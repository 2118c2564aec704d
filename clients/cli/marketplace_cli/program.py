"""`marketplace`: the table of commands, and the way in."""

from pathlib import Path
from typing import Annotated

import typer

from marketplace_cli.lazy_group import CommandRow, lazy_group

_COMMANDS = "marketplace_cli.commands"
TABLE = (
    CommandRow("up", f"{_COMMANDS}.up", "Bring the whole marketplace up on this machine."),
    CommandRow("status", f"{_COMMANDS}.status", "Show each part of this machine's marketplace."),
    CommandRow("access", f"{_COMMANDS}.access", "Ask for access, decide it; alone: how to sign in here."),
    CommandRow("login", f"{_COMMANDS}.login", "Sign in."),
    CommandRow("logout", f"{_COMMANDS}.login", "Sign out."),
    CommandRow("whoami", f"{_COMMANDS}.login", "Show who is signed in."),
    CommandRow("validate", f"{_COMMANDS}.validate", "Check an OpenAPI document without publishing it."),
    CommandRow("publish", f"{_COMMANDS}.publish", "Publish a listing and follow its way through the pipeline."),
    CommandRow("listings", f"{_COMMANDS}.listings", "List your team's own listings, in whatever state."),
    CommandRow("runs", f"{_COMMANDS}.runs", "Show where a publication stands, phase by phase."),
    CommandRow("deprecate", f"{_COMMANDS}.deprecate", "Announce the end of a listing."),
    CommandRow("import", f"{_COMMANDS}.import_catalogue", "Import a catalogue of models."),
    CommandRow("approvals", f"{_COMMANDS}.approvals", "Show what waits for approval."),
    CommandRow("approve", f"{_COMMANDS}.approvals", "Approve a publication."),
    CommandRow("reject", f"{_COMMANDS}.approvals", "Reject a publication."),
    CommandRow("policies", f"{_COMMANDS}.policies", "Write policies, try them, put them in force."),
    CommandRow("search", f"{_COMMANDS}.search", "Find listings by meaning, words and filters."),
    CommandRow("show", f"{_COMMANDS}.show", "Show a listing."),
    CommandRow("keys", f"{_COMMANDS}.keys", "Create, list, change, rotate and revoke API keys."),
    CommandRow("tiers", f"{_COMMANDS}.bounds", "List and set the tiers of keys."),
    CommandRow("budgets", f"{_COMMANDS}.bounds", "Show and set what may be used in a month."),
    CommandRow("chat", f"{_COMMANDS}.chat", "Talk to a model."),
    CommandRow("usage", f"{_COMMANDS}.usage", "Show what your team used and what it cost."),
    CommandRow("calls", f"{_COMMANDS}.usage", "List your team's calls, the newest first."),
    CommandRow("explain", f"{_COMMANDS}.explain", "Show why a call cost what it cost."),
    CommandRow("quota", f"{_COMMANDS}.usage", "Show what is left of quotas and budgets."),
    CommandRow("sla", f"{_COMMANDS}.sla", "Show what a listing keeps of what it promises."),
    CommandRow("reconcile", f"{_COMMANDS}.reconcile", "Hold a supplier's invoice against our books."),
    CommandRow("prices", f"{_COMMANDS}.prices", "Show and set what listings cost."),
    CommandRow("recalculate", f"{_COMMANDS}.recalculate", "Price past calls again."),
    CommandRow("verify-ledger", f"{_COMMANDS}.verify_ledger", "Check that the books of a month agree."),
    CommandRow("dashboard", f"{_COMMANDS}.dashboard", "Show the marketplace's figures."),
    CommandRow("users", f"{_COMMANDS}.accounts", "Create and list accounts."),
    CommandRow("teams", f"{_COMMANDS}.accounts", "Create and list teams."),
)

app = typer.Typer(
    cls=lazy_group(TABLE),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def marketplace(
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, and nothing else on stdout.")] = False,
    gateway: Annotated[str | None, typer.Option(metavar="URL", help="The marketplace's address.")] = None,
    profile: Annotated[str | None, typer.Option(metavar="NAME", help="Which sign-in to use.")] = None,
    data_folder: Annotated[Path | None, typer.Option(help="The data folder of this machine's marketplace.")] = None,
) -> None:
    """The marketplace of LLM services: publish, approve, find, call and meter."""


def main() -> None:
    """The way in; ends the process."""
    app()
