"""`marketplace access`: keys to listings that somebody else approves; alone, the way into a development marketplace."""

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from chassis.errors import NotFound
from marketplace_cli.api_client import ApiClient, Json
from marketplace_cli.command_app import command_app
from marketplace_cli.development_access import SECRETS, access_of
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.moments import FORMAT, utc_text
from marketplace_cli.option_groups import OptionGroup
from marketplace_cli.plain_text import moment, one_line

app = command_app("Ask for access to a listing, decide who gets it, collect the key.")
_PATH, _QUEUE, _KIND = "/api/v1/access-requests", "/workflows", "access_request"
Which = Annotated[str, typer.Argument(help="The request's id.")]


@dataclass(frozen=True)
class Terms(OptionGroup):
    """What is asked for: a quota, a budget or both, until a moment."""

    purpose: Annotated[str, typer.Option(help="What it is for.")] = ""
    expires: Annotated[str | None, typer.Option(metavar=FORMAT, help="When the key ends, in UTC.")] = None
    quota_tokens: Annotated[int | None, typer.Option(min=0, help="Tokens a month.")] = None
    budget: Annotated[str | None, typer.Option(metavar="USD", help="Dollars a month.")] = None


@app.callback(invoke_without_command=True)
@command
def access(
    here: Invocation,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Show passwords and the key too.")] = False,
) -> None:
    """Ask for access to a listing, decide who gets it; alone: how to sign in at a development marketplace."""
    if here.follows:
        return
    found = asdict(access_of(here.settings.data_folder))
    shown = {name: value for name, value in found.items() if show_secrets or name not in SECRETS}
    here.output.show(shown, lambda: here.output.facts(shown.items()))
    if not show_secrets:
        here.output.hint("Passwords and the key are left out: --show-secrets shows them.")


@app.command()
@command
def request(
    here: Invocation, listing: Annotated[str, typer.Argument(help="A listing's id or name.")], *, terms: Terms
) -> None:
    """Ask for a key to one listing; somebody of its team or of the platform decides."""
    body = {
        "listing": listing,
        "purpose": terms.purpose,
        "expires_at": utc_text(terms.expires, "--expires"),
        "monthly_token_quota": terms.quota_tokens,
        "monthly_budget": terms.budget,
    }
    with here.api() as api:
        made = api.post(_PATH, {name: value for name, value in body.items() if value is not None}, repeatable=True)
    here.output.show(made, lambda: here.output.line(f"{made['id']}: {made['listing']} {made['state']}"))


@app.command("list")
@command
def list_requests(
    here: Invocation,
    deciding: Annotated[bool, typer.Option("--deciding", help="What waits for you to decide.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
) -> None:
    """List your requests, the newest first, or what waits for your decision."""
    with here.api() as api:
        found = _queue(api, limit) if deciding else api.items(_PATH, limit)
    columns = ("request", "what", "state", "since", "why")
    rows = map(_waiting if deciding else _asked, found)
    here.output.show({"items": found}, lambda: here.output.table(columns, rows, "No requests."))


@app.command()
@command
def approve(
    here: Invocation, which: Which, comment: Annotated[str, typer.Option(help="What the asker should know.")] = ""
) -> None:
    """Approve a request that is not your own; the asker alone will see the key."""
    _decide(here, which, "approve", comment)


@app.command()
@command
def refuse(here: Invocation, which: Which, reason: Annotated[str, typer.Option(help="Why, for the asker.")]) -> None:
    """Refuse a request, and say why."""
    _decide(here, which, "reject", reason)


@app.command()
@command
def withdraw(here: Invocation, which: Which) -> None:
    """Take your open request back."""
    with here.api() as api:
        answer = api.post(f"{_PATH}/{which}/withdraw", {})
    here.output.show(answer, lambda: here.output.line(f"{answer['id']}: {answer['state']}"))


@app.command()
@command
def collect(
    here: Invocation,
    which: Which,
    save: Annotated[bool, typer.Option("--save", help="Keep it beside your sign-in, for `marketplace chat`.")] = False,
) -> None:
    """Take the approved key; its secret is shown this once."""
    with here.api() as api:
        answer = api.post(f"{_PATH}/{which}/collect", {})
    here.show_new_key(answer, lambda: _key(here, answer), save)


def _key(here: Invocation, answer: Json) -> None:
    here.output.line(answer["key"])
    here.output.hint(f"{answer['key_id']}: this key is shown once.")


def _decide(here: Invocation, which: str, deed: str, comment: str) -> None:
    with here.api() as api:
        answer = api.post(f"{_QUEUE}/{_approval_id(api, which)}/{deed}", {"comment": comment})
    here.output.show(answer, lambda: here.output.line(f"{one_line(answer['title'])}: {answer['state']}"))


def _queue(api: ApiClient, limit: int) -> list[Json]:
    return api.items(_QUEUE, limit, state="pending", subject_kind=_KIND)


def _approval_id(api: ApiClient, which: str) -> str:
    if which.startswith("apr_"):
        return which
    found = [str(one["approval_id"]) for one in _queue(api, 1000) if one["subject_id"] == which]
    if not found:
        raise NotFound(f"No request {which} waits for your decision: `marketplace access list --deciding` shows them.")
    return found[0]


def _asked(one: Json) -> tuple[object, ...]:
    why = one["comment"] or one["purpose"]
    return one["id"], one["listing"], one["state"], moment(one["requested_at"]), one_line(why)


def _waiting(one: Json) -> tuple[object, ...]:
    return one["subject_id"], one_line(one["title"]), one["state"], moment(one["created_at"]), one["approval_id"]
