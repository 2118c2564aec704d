"""The typer application of one file of commands: plain help, no stacks."""

import typer


def command_app(summary: str = "") -> typer.Typer:
    """An empty one. With a summary it stays a group, whatever it holds."""
    return typer.Typer(
        help=summary or None,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        no_args_is_help=bool(summary),
    )
