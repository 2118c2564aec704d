"""`marketplace login`, `logout` and `whoami`."""

import getpass
import sys
from enum import StrEnum
from typing import Annotated

import typer

from marketplace_cli.api_client import Json
from marketplace_cli.command_app import command_app
from marketplace_cli.development_access import access_of
from marketplace_cli.errors import UsageRefused
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.plain_text import one_line
from marketplace_cli.sign_in import SignedIn

app = command_app()


class DevelopmentRole(StrEnum):
    """Who a development marketplace has from the start."""

    ADMIN = "admin"
    PUBLISHER = "publisher"


@app.command()
@command
def login(
    here: Invocation,
    email: Annotated[str | None, typer.Argument(help="Your address; asked for where it is left out.")] = None,
    team: Annotated[str | None, typer.Option(metavar="SLUG", help="The team to act for; your first one else.")] = None,
    dev: Annotated[
        DevelopmentRole | None, typer.Option(help="Sign in as one of this machine's development accounts.")
    ] = None,
) -> None:
    """Sign in. The password is asked for, or comes from MARKETPLACE_PASSWORD or stdin; never from a flag.

    Several people can be signed in at once, each under a --profile of its own.
    """
    if dev and email:
        raise UsageRefused("Give either an address or --dev, not both.")
    signed_in, person, password = _development(here, dev) if dev else _person(here, email)
    entered = signed_in.enter(person, password, team)
    here.output.show(entered, lambda: here.output.line(_greeting(entered)))


@app.command()
@command
def logout(here: Invocation) -> None:
    """Sign out: the session ends at the marketplace, and its tokens are removed here."""
    here.signed_in.leave()
    answer = {"profile": here.signed_in.file.profile, "signed_in": False}
    here.output.show(answer, lambda: here.output.line(f"Signed out ({answer['profile']})."))


@app.command()
@command
def whoami(here: Invocation) -> None:
    """Show who is signed in, as the marketplace sees it."""
    with here.api() as api:
        me = api.get("/auth/me")
    facts = [
        ("profile", here.signed_in.file.profile),
        ("gateway", here.gateway),
        ("email", me["email"]),
        ("name", me["display_name"]),
        ("account", me["account_id"]),
        ("platform roles", me["roles"]),
        ("team", f"{me['team_slug']} ({me['team_role']})" if me["team_slug"] else None),
        ("all teams", [f"{one['slug']} ({one['role']})" for one in me["memberships"]]),
    ]
    here.output.show({**me, "gateway": here.gateway}, lambda: here.output.facts(facts))


def _development(here: Invocation, role: DevelopmentRole) -> tuple[SignedIn, str, str]:
    access = access_of(here.settings.data_folder)
    signed_in = SignedIn(here.signed_in.file, access.gateway.rstrip("/"), here.world)
    if role is DevelopmentRole.ADMIN:
        return signed_in, access.admin_email, access.admin_password
    return signed_in, access.publisher_email, access.publisher_password


def _person(here: Invocation, email: str | None) -> tuple[SignedIn, str, str]:
    interactive = sys.stdin.isatty()
    if not email and not interactive:
        raise UsageRefused("Give your address: marketplace login you@example.org")
    person = email or input("Email: ").strip()
    password = here.settings.password
    if password is None:
        password = getpass.getpass("Password: ") if interactive else sys.stdin.readline().rstrip("\n")
    if not password:
        raise UsageRefused("There is no password: type it when asked, set MARKETPLACE_PASSWORD, or send it to stdin.")
    return here.signed_in, person, password


def _greeting(entered: Json) -> str:
    team = entered["team"]
    for_team = f" for the team {team['slug']} ({team['role']})" if team else ""
    return one_line(f"Signed in as {entered['email']}{for_team} at {entered['gateway']}, profile {entered['profile']}.")
