"""`marketplace policies`: what calls may not do."""

import json
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from chassis.errors import MarketplaceError, NotFound
from marketplace_cli.api_client import ApiClient, Json
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import UsageRefused
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.local_document import read_file
from marketplace_cli.plain_text import moment, one_line
from marketplace_cli.replies import problem_code

app = command_app("Write policies in Cedar, try them, put them in force.")
_PATH = "/api/v1/policies"
_MOST = 1000
_PARTS = ("principal", "resource", "context")
Name = Annotated[str, typer.Argument(help="The policy's name or id.")]
Version = Annotated[int | None, typer.Option(min=1, help="Which version; else the newest.")]


@app.command()
@command
def upload(
    here: Invocation,
    name: Annotated[str, typer.Argument(help="A new name, or a policy that gets another version.")],
    file: Annotated[Path, typer.Argument(help="Cedar text: forbid statements.")],
    fail: Annotated[
        str, typer.Option(help="open or closed: whether calls pass where it cannot be decided.")
    ] = "closed",
    description: Annotated[str, typer.Option(help="Shown to who is refused, for a statement without @reason.")] = "",
) -> None:
    """Write a policy or another version of it; what is in force stays."""
    body: Json = {"content": read_file(file).decode("utf-8", "replace"), "fail_mode": fail}
    with here.api() as api:
        there = _found(api, name)
        try:
            if there is None:
                policy = api.post(_PATH, {"name": name, "description": description, **body})
            else:
                policy = api.post(f"{_PATH}/{there['policy_id']}/versions", body)
        except MarketplaceError as refusal:
            _show_findings(here, file, refusal)
            raise
    version = policy["latest_version"]
    here.output.show(policy, lambda: here.output.line(f"{name}: version {version} is written, and not in force"))
    here.output.hint(f"Try it with `marketplace policies try {name}`, then `marketplace policies activate {name}`.")


@app.command("list")
@command
def list_policies(
    here: Invocation,
    state: Annotated[str, typer.Option(help="draft, active, retired or all.")] = "all",
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="How many at most.")] = 50,
) -> None:
    """List policies, the newest first."""
    with here.api() as api:
        found = api.items(_PATH, limit, state=None if state == "all" else state)
    columns = ("name", "state", ">in force", ">newest", "changed", "id")
    rows = (
        (
            one["name"],
            one["state"],
            one["active_version"] or "-",
            one["latest_version"],
            moment(one["updated_at"]),
            one["policy_id"],
        )
        for one in found
    )
    here.output.show({"items": found}, lambda: here.output.table(columns, rows, "No policies yet."))


@app.command()
@command
def show(here: Invocation, name: Name, version: Version = None) -> None:
    """Show what a version says."""
    with here.api() as api:
        policy = _named(api, name)
        number = version or policy["latest_version"]
        found = api.get(f"{_PATH}/{policy['policy_id']}/versions/{number}")
    facts = [("policy", policy["name"]), *((each, found[each]) for each in ("version", "state", "fail_mode"))]

    def page() -> None:
        here.output.facts(facts)
        here.output.line(found["content"])

    here.output.show({"policy": policy, **found}, page)


@app.command()
@command
def activate(here: Invocation, name: Name, version: Version = None) -> None:
    """Put a version in force; an earlier one rolls back."""
    with here.api() as api:
        policy = _named(api, name)
        number = version or policy["latest_version"]
        answer = _changed(api, policy, "activate", {"version": number})
    here.output.show(answer, lambda: here.output.line(f"{answer['name']}: version {number} is in force"))


@app.command()
@command
def deactivate(here: Invocation, name: Name) -> None:
    """Take a policy out of force."""
    with here.api() as api:
        answer = _changed(api, _named(api, name), "deactivate", None)
    here.output.show(answer, lambda: here.output.line(f"{answer['name']}: nothing of it is in force"))


@app.command("try")
@command
def try_policy(
    here: Invocation,
    name: Name,
    fact: Annotated[
        list[str] | None,
        typer.Option(metavar="PART.NAME=VALUE", help="Such as resource.provider=acme; may be repeated."),
    ] = None,
    version: Version = None,
    alone: Annotated[bool, typer.Option("--alone", help="Without the policies that are in force.")] = False,
) -> None:
    """Decide one request as if the version were in force; nothing changes."""
    body: Json = {"version": version, "with_active": not alone, **_request(fact or [])}
    with here.api() as api:
        answer = api.post(f"{_PATH}/{_named(api, name)['policy_id']}/simulate", body)
    here.output.show(answer, lambda: here.output.line(_said(answer)))


def _said(answer: Json) -> str:
    if answer["decision"] == "allowed":
        return "allowed: no policy forbids it"
    why = " (it could not be decided: a fact that it asks for is not given)" if answer["undecided"] else ""
    reason = f": {one_line(answer['reason'])}" if answer["reason"] else ""
    return f"denied by {one_line(answer['policy'])}, version {answer['policy_version']}{why}{reason}"


def _request(facts: list[str]) -> Json:
    request: dict[str, Json] = {}
    for each in facts:
        place, equals, value = each.partition("=")
        part, _, name = place.partition(".")
        if not equals or part not in _PARTS or not name:
            raise UsageRefused(f"{each}: write principal.NAME=VALUE, resource.NAME=VALUE or context.NAME=VALUE.")
        request.setdefault(part, {})[name] = value.split(",") if name == "tags" else _value(part, value)
    return request


def _value(part: str, text: str) -> Any:
    """Numbers, true and false stand in the context alone: a name may well be made of digits."""
    try:
        return json.loads(text) if part == "context" else text
    except ValueError:
        return text


def _changed(api: ApiClient, policy: Json, deed: str, body: Json | None) -> Json:
    """What is in force changes only as long as the policy is as it was read."""
    headers = {"if-match": f'"{policy["revision"]}"'}
    return api.send("POST", f"{_PATH}/{policy['policy_id']}/{deed}", json=body, headers=headers).json()


def _found(api: ApiClient, name: str) -> Json | None:
    if name.startswith("pol_"):
        return api.get(f"{_PATH}/{name}")
    return next((one for one in api.items(_PATH, _MOST) if one["name"] == name), None)


def _named(api: ApiClient, name: str) -> Json:
    found = _found(api, name)
    if found is None:
        raise NotFound(f"There is no policy {name}: `marketplace policies list` shows them.")
    return found


def _show_findings(here: Invocation, file: Path, refusal: MarketplaceError) -> None:
    if problem_code(refusal) != "policy_invalid":
        return
    problem = cast("Json", refusal.details["problem"])
    for each in cast("list[Json]", problem.get("findings", [])):
        here.output.hint(f"{file}:{each['line']}:{each['column']}: {one_line(each['message'])}")
