"""`marketplace approvals`, `approve` and `reject`."""

from dataclasses import dataclass
from typing import Annotated

import typer

from chassis.errors import Forbidden, NotFound
from marketplace_cli.api_client import ApiClient, Json
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import UsageRefused
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.plain_text import moment, one_line

app = command_app()
_PATH = "/workflows"
_POLL_SECONDS = 0.25
_MOST_NAMED = 5
Which = Annotated[str, typer.Argument(help="An approval's id, a run's id, or the listing's name.")]


Patience = Annotated[float, typer.Option(min=0, help="Wait so many seconds for it to ask.")]


@dataclass(frozen=True)
class Decision:
    """What is decided, of what, and how long it may take to ask for it."""

    deed: str
    which: str
    comment: str
    patience: float


@app.command()
@command
def approvals(
    here: Invocation,
    state: Annotated[str, typer.Option(help="pending, approved, rejected, withdrawn or all.")] = "pending",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    patience: Patience = 5,
) -> None:
    """Show what waits for approval: your team's, or everybody's for those who decide.

    Where nothing waits yet, but a publication is still being tested, it is given a moment to ask.
    """
    with here.api() as api:
        found = api.items(_PATH, limit, state=None if state == "all" else state)
        if not found and state == "pending":
            found = _asked_soon(here, api, limit, patience)
    rows = (
        (one["approval_id"], one["title"], one["risk"], one["state"], moment(one["created_at"]), one["subject_id"])
        for one in found
    )
    columns = ("approval", "what", "risk", "state", "since", "run")
    here.output.show({"items": found}, lambda: here.output.table(columns, rows, "Nothing waits."))


def _asked_soon(here: Invocation, api: ApiClient, limit: int, patience: float) -> list[Json]:
    """What asks within the patience, as long as a publication is on its way."""
    until = here.world.now() + patience
    told = False
    while (names := _on_their_way(api)) and here.world.now() < until:
        if not told:
            here.output.hint(f"Still being tested: {', '.join(names)}. Waiting up to {patience:g} s for them to ask.")
            told = True
        here.world.pause(_POLL_SECONDS)
        found = api.items(_PATH, limit, state="pending")
        if found:
            return found
    if names:
        here.output.hint(f"Still being tested: {', '.join(names)}. `marketplace runs NAME` shows how far they are.")
    return []


def _on_their_way(api: ApiClient) -> list[str]:
    """Names of publications that the reader may see and that did not come to their approval yet."""
    try:
        submitted = api.items("/api/v1/services", _MOST_NAMED, status="submitted")
    except Forbidden:
        return []
    return [one_line(one["name"]) for one in submitted]


@app.command()
@command
def approve(
    here: Invocation,
    which: Which,
    comment: Annotated[str, typer.Option(help="What the publisher should know.")] = "",
    patience: Patience = 5,
) -> None:
    """Approve a publication that is not your own."""
    _decide(here, Decision("approve", which, comment, patience))


@app.command()
@command
def reject(
    here: Invocation,
    which: Which,
    comment: Annotated[str, typer.Option(help="Why, for the publisher.")],
    patience: Patience = 5,
) -> None:
    """Reject a publication; one rejection decides."""
    _decide(here, Decision("reject", which, comment, patience))


def _decide(here: Invocation, decision: Decision) -> None:
    with here.api() as api:
        path = f"{_PATH}/{_approval_id(here, api, decision)}/{decision.deed}"
        answer = api.post(path, {"comment": decision.comment})
    missing = answer["needed_approvals"] - sum(step["kind"] == "approved" for step in answer["history"])
    waits = f" ({missing} more must approve)" if answer["state"] == "pending" else ""
    here.output.show(answer, lambda: here.output.line(f"{one_line(answer['title'])}: {answer['state']}{waits}"))


def _approval_id(here: Invocation, api: ApiClient, decision: Decision) -> str:
    which = decision.which
    if which.startswith("apr_"):
        return which
    found = _waiting(here, api, decision)
    if not found:
        raise NotFound(f"Nothing of the name {which} waits for approval: `marketplace approvals` shows what does.")
    if len(found) > 1:
        raise UsageRefused(f"{which} can mean several approvals: name one of {', '.join(found)}.")
    return found[0]


def _waiting(here: Invocation, api: ApiClient, decision: Decision) -> list[str]:
    """The approvals that are meant; a publication that was just sent is tested first and asks then."""
    until = here.world.now() + decision.patience
    told = False
    while True:
        pending = api.items(_PATH, 1000, state="pending")
        found = [str(one["approval_id"]) for one in pending if _is_meant(one, decision.which)]
        if found or here.world.now() >= until:
            return found
        if not told:
            here.output.hint(f"Nothing of the name {decision.which} asks yet: waiting up to {decision.patience:g} s.")
            told = True
        here.world.pause(_POLL_SECONDS)


def _is_meant(approval: Json, which: str) -> bool:
    """The title begins `team/name@version:`; the team's part and the version may be left out."""
    whole = str(approval["title"]).partition(": ")[0]
    name = whole.rpartition("@")[0]
    return which in {approval["subject_id"], whole, name, name.partition("/")[2]}
