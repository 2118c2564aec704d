"""One command being run: the options that every command takes, and how what goes wrong ends it."""

import functools
import inspect
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from chassis.errors import MarketplaceError
from marketplace_cli.api_client import ApiClient, Json, World
from marketplace_cli.errors import EXIT_REFUSED, exit_code_of
from marketplace_cli.gateway_address import gateway_address
from marketplace_cli.option_groups import OptionGroup, spread
from marketplace_cli.output import Output
from marketplace_cli.plain_text import one_line
from marketplace_cli.session_file import SessionFile
from marketplace_cli.settings import CliSettings
from marketplace_cli.sign_in import SignedIn


@dataclass(frozen=True)
class EveryCommand(OptionGroup):
    """The options of every command."""

    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, and nothing else on stdout.")] = False
    gateway: Annotated[str | None, typer.Option(metavar="URL", help="The marketplace's address.")] = None
    profile: Annotated[str | None, typer.Option(metavar="NAME", help="Which sign-in to use.")] = None
    data_folder: Annotated[Path | None, typer.Option(help="The data folder of this machine's marketplace.")] = None

    def over(self, before: "EveryCommand") -> "EveryCommand":
        """These, and for what is not said the ones before."""
        return EveryCommand(
            self.json or before.json,
            self.gateway or before.gateway,
            self.profile or before.profile,
            self.data_folder or before.data_folder,
        )


@dataclass(frozen=True)
class Invocation:
    """What a command has at hand; `follows` names the command inside this one that was asked for, if any."""

    settings: CliSettings
    output: Output
    world: World
    signed_in: SignedIn
    follows: str = ""

    @property
    def gateway(self) -> str:
        """The marketplace's address."""
        return self.signed_in.gateway

    def show_new_key(self, answer: Json, page: Callable[[], None], save: bool) -> None:
        """Show a secret that comes this once, then keep it if asked: where one of the two fails, the other has it."""
        try:
            self.output.show(answer, page)
        finally:
            if save:
                self.signed_in.keep_key(answer["key"])
        if save:
            self.output.hint("`marketplace chat` of this profile uses it from now on.")

    @contextmanager
    def api(self) -> Generator[ApiClient]:
        """The gateway, asked by whoever is signed in. Raises NotSignedIn."""
        with self.world.client(self.gateway) as http:
            yield ApiClient(http, self.world, self.signed_in.authorization)

    @contextmanager
    def public_api(self) -> Generator[ApiClient]:
        """The gateway, asked by whoever is signed in, or by nobody."""
        told: list[str] = []

        def authorization(fresh: bool) -> str | None:
            found, over = self.signed_in.authorization_if_any(fresh)
            if over and over not in told:
                told.append(over)
                self.output.hint(f"{over} This is shown as anybody sees it.")
            return found

        with self.world.client(self.gateway) as http:
            yield ApiClient(http, self.world, authorization, public=True)

    @classmethod
    def begin(cls, options: EveryCommand, world: World) -> "Invocation":
        """Out of the options and the shell. Raises UsageRefused."""
        settings = CliSettings.read()
        settings = replace(settings, data_folder=options.data_folder or settings.data_folder)
        file = SessionFile(settings.home, options.profile or settings.profile)
        address = gateway_address(options.gateway or settings.gateway, file.read())
        return cls(settings, Output(options.json), world, SignedIn(file, address, world))


def command(function: Callable[..., None]) -> Callable[..., None]:
    """A function of an invocation and its own options as typer takes it; errors become one line and an exit code."""

    @functools.wraps(function)
    def run(context: typer.Context, every: EveryCommand, **values: Any) -> None:
        with ended_plainly():
            options = every.over(EveryCommand(**context.find_root().params)) if context.parent else every
            here = Invocation.begin(options, context.obj or World())
            function(replace(here, follows=context.invoked_subcommand or ""), **values)

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    first = [
        inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
        *own,
        inspect.Parameter("every", inspect.Parameter.KEYWORD_ONLY, annotation=EveryCommand),
    ]
    vars(run)["__signature__"] = inspect.Signature([one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in first])
    return spread(run)


@contextmanager
def ended_plainly() -> Generator[None]:
    """Whatever goes wrong inside is one line on stderr and an exit code; nobody is shown a stack."""
    try:
        yield
    except MarketplaceError as error:
        fail(error.message, exit_code_of(error))
    except (typer.Exit, typer.Abort, EOFError, BrokenPipeError):
        raise
    except OSError as error:
        fail(f"{error.filename or 'The system'}: {error.strerror or type(error).__name__}", EXIT_REFUSED)
    except Exception as fault:
        fail(f"The command line itself failed ({type(fault).__name__}): please report it.", EXIT_REFUSED)


def fail(message: str, code: int) -> None:
    """End with one line on stderr."""
    sys.stderr.write(f"error: {one_line(message, 2000)}\n")
    raise typer.Exit(code)
