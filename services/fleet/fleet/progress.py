"""What the terminal shows while the parts start: one line each, live on a terminal, one line per change elsewhere."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from fleet.part_state import PartState, State

_STYLES = {State.READY: "green", State.DONE: "green", State.FAILED: "red", State.BACKING_OFF: "yellow"}
_QUIET = {State.WAITING, State.STARTING}


class Progress:
    """Shows the states that `states` gives, until closed; afterwards tells of single changes with `tell`."""

    def __init__(self, console: Console, states: Callable[[], Mapping[str, PartState]]) -> None:
        self._console = console
        self._states = states
        self._began = time.monotonic()
        self._told: dict[str, State] = {}
        self._live = Live(get_renderable=self._table, console=console, refresh_per_second=10, transient=False)

    def __enter__(self) -> "Progress":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    def tell(self) -> None:
        """Print each part whose state has changed, unless the live table shows it."""
        for name, state in self._states().items():
            if self._told.get(name) == state.state:
                continue
            self._told[name] = state.state
            if state.state not in _QUIET and not self._live.is_started:
                self._console.print(_line(state), highlight=False, soft_wrap=True)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for state in self._states().values():
            table.add_row(
                state.name, Text(state.state, style=_STYLES.get(state.state, "dim")), _took(state, self.elapsed())
            )
        return table


def _line(state: PartState) -> Text:
    text = f"{state.name}: {state.state}"
    if state.is_ready and state.ready_after_seconds is not None:
        text += f" after {state.ready_after_seconds:.1f} s"
    return Text(f"{text}: {state.problem}" if state.problem else text, style=_STYLES.get(state.state, ""))


def _took(state: PartState, elapsed: float) -> str:
    if state.ready_after_seconds is not None:
        return f"{state.ready_after_seconds:.1f} s"
    return "" if state.state is State.WAITING else f"{elapsed:.1f} s ..."
