"""The two ways of answering: JSON for programs, alone on stdout, or tables and lines for people."""

import json
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from marketplace_cli.plain_text import harmless, harmless_json, one_line

_WIDTH_WITHOUT_TERMINAL = 200


@dataclass(frozen=True)
class Bar:
    """How far something is, as people watch it."""

    progress: Progress
    task: TaskID

    def move(self, done: int) -> None:
        """So many are done in all."""
        self.progress.update(self.task, completed=done)


@dataclass(frozen=True)
class Output:
    """Where a command answers."""

    as_json: bool

    @cached_property
    def console(self) -> Console:
        """Stdout for people."""
        return _console(sys.stdout)

    @cached_property
    def remarks(self) -> Console:
        """Stderr for people: progress and hints, which no program reads."""
        return _console(sys.stderr)

    def show(self, value: Any, page: Callable[[], None]) -> None:
        """The value as JSON, or the page that tells people the same."""
        if self.as_json:
            sys.stdout.write(harmless_json(json.dumps(value, ensure_ascii=False, indent=2)) + "\n")
        else:
            page()

    def csv(self, text: str) -> None:
        """The marketplace's CSV, which programs read and terminals show; its lines end with CR LF."""
        sys.stdout.write(harmless(text, kept="\r\n\t"))

    def line(self, text: str, style: str = "") -> None:
        """One line for people."""
        self.console.print(Text(harmless(text), style=style), soft_wrap=True)

    def hint(self, text: str) -> None:
        """A line on stderr; silent where a program listens."""
        if not self.as_json:
            self.remarks.print(Text(harmless(text), style="dim"), soft_wrap=True)

    @contextmanager
    def bar(self, words: str, total: int) -> Generator["Bar"]:
        """A bar on stderr while something goes on; nothing where no person looks."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        quiet = self.as_json or not self.remarks.is_terminal or not total
        with Progress(*columns, console=self.remarks, disable=quiet, transient=True) as progress:
            yield Bar(progress, progress.add_task(words, total=total))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str = "Nothing found.") -> None:
        """A table; numbers stand to the right by a `>` before the column's name."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            table.add_column(column.lstrip(">"), justify="right" if column.startswith(">") else "left", overflow="fold")
        for row in rows:
            table.add_row(*(cell if isinstance(cell, Text) else Text(one_line(cell)) for cell in row))
        if table.row_count:
            self.console.print(table)
        else:
            self.line(empty)

    def facts(self, pairs: Iterable[tuple[str, object]]) -> None:
        """Names and values, one pair to a line; unknown values are left out."""
        table = Table.grid(padding=(0, 2))
        for name, value in pairs:
            if value not in (None, "", [], ()):
                table.add_row(Text(name, style="bold"), Text(one_line(value, 2000)))
        self.console.print(table)


def _console(stream: Any) -> Console:
    width = None if stream.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)
