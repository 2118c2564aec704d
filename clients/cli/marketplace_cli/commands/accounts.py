"""`marketplace users` and `marketplace teams`."""

import getpass
import sys
from typing import Annotated

import typer

from marketplace_cli.api_client import Json
from marketplace_cli.command_app import command_app
from marketplace_cli.errors import UsageRefused
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.plain_text import dollars, moment, one_line

app = command_app("Accounts and teams.")
users = command_app("Create and list accounts.")
teams = command_app("Create and list teams.")
app.add_typer(users, name="users")
app.add_typer(teams, name="teams")
_USERS, _TEAMS = "/users", "/api/v1/teams"
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")]


@users.command("create")
@command
def create_user(
    here: Invocation,
    email: Annotated[str, typer.Argument(help="The new account's address.")],
    name: Annotated[str | None, typer.Option(help="How the person is called.")] = None,
    role: Annotated[list[str] | None, typer.Option(help="A platform role; may be repeated.")] = None,
    team: Annotated[str | None, typer.Option(metavar="SLUG", help="The team; made where there is none.")] = None,
    team_role: Annotated[str, typer.Option(help="owner, admin, member or viewer.")] = "member",
) -> None:
    """Create an account. Its first password is asked for, or comes from MARKETPLACE_PASSWORD or stdin."""
    body: Json = {"email": email, "password": _first_password(here), "roles": role or []}
    if name:
        body["display_name"] = name
    if team:
        body["team"] = {"slug": team, "role": team_role}
    with here.api() as api:
        made = api.post(_USERS, body)
    here.output.show(made, lambda: here.output.facts(_account(made)))


@users.command("list")
@command
def list_users(here: Invocation, limit: Limit = 50) -> None:
    """List accounts, the newest first."""
    with here.api() as api:
        found = api.items(_USERS, limit)
    columns = ("email", "name", "roles", "state", "since", "account")
    rows = (
        (one["email"], one["display_name"], one["roles"], one["state"], moment(one["created_at"]), one["account_id"])
        for one in found
    )
    here.output.show({"items": found}, lambda: here.output.table(columns, rows))


@teams.command("create")
@command
def create_team(
    here: Invocation,
    slug: Annotated[str, typer.Argument(help="The short name, for names of listings.")],
    name: Annotated[str | None, typer.Option(help="How the team is called.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="EMAIL", help="The account that owns it.")] = None,
) -> None:
    """Create a team."""
    body = {"slug": slug, "name": name or slug} | ({"owner_email": owner} if owner else {})
    with here.api() as api:
        made = api.post(_TEAMS, body)
    facts = [("team", made["slug"]), ("name", made["name"]), ("id", made["team_id"])]
    here.output.show(made, lambda: here.output.facts(facts))


@teams.command("list")
@command
def list_teams(here: Invocation, limit: Limit = 50) -> None:
    """List your teams, or all of them for the platform's people."""
    with here.api() as api:
        found = api.items(_TEAMS, limit)
    columns = ("team", "name", ">budget a month", ">tokens a month", "since", "id")
    here.output.show({"items": found}, lambda: here.output.table(columns, map(_team, found), "No teams yet."))


def _account(made: Json) -> list[tuple[str, object]]:
    teams_of = [f"{one['slug']} ({one['role']})" for one in made["memberships"]]
    roles = made["roles"]
    return [("email", made["email"]), ("account", made["account_id"]), ("roles", roles), ("teams", teams_of)]


def _team(one: Json) -> tuple[object, ...]:
    budget, quota = one["settings"]["monthly_budget"], one["settings"]["monthly_token_quota"]
    shown = "-" if budget is None else dollars(budget)
    return one["slug"], one["name"], shown, one_line(quota), moment(one["created_at"]), one["team_id"]


def _first_password(here: Invocation) -> str:
    if here.settings.password:
        return here.settings.password
    if sys.stdin.isatty():
        first, again = getpass.getpass("First password: "), getpass.getpass("Once more: ")
        if first != again:
            raise UsageRefused("The two passwords differ.")
        return first
    return sys.stdin.readline().rstrip("\n")
