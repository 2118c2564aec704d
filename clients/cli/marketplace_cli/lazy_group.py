"""A group whose commands are loaded when they are asked for, so that the help and each command start fast."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True)
class CommandRow:
    """A command, the module whose `app` holds it, and what the help says."""

    name: str
    module: str
    summary: str


def lazy_group(rows: Sequence[CommandRow]) -> type[TyperGroup]:
    """A class of groups with these commands."""
    by_name = {row.name: row for row in rows}

    class LazyGroup(TyperGroup):
        """Knows its commands by name; a stub stands for each until it is asked for."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            for row in rows:
                self.add_command(TyperCommand(row.name, short_help=row.summary, help=row.summary))

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 -- the signature is typer's
            """The command itself, loaded now; None where there is none."""
            return _loaded(by_name[cmd_name]) if cmd_name in by_name else None

        def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 -- likewise
            """The list in the help, out of the table alone."""
            with formatter.section("Commands"):
                formatter.write_dl([(row.name, row.summary) for row in rows])

    return LazyGroup


def _loaded(row: CommandRow) -> Any:
    app: typer.Typer = importlib.import_module(row.module).app
    found: Any = typer.main.get_command(app)
    if isinstance(found, TyperGroup) and row.name in found.commands:
        return found.commands[row.name]
    found.name = row.name
    return found
