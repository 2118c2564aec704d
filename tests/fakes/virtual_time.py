"""An event loop whose time is no time: it jumps to the next timer as soon as nothing is left to do."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _NoWait(selectors.SelectSelector):
    """Waiting moves the clock instead."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "nothing will ever happen again"
        self.seconds += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Timers are exact, and a run is the same each time."""

    def __init__(self) -> None:
        self.still = _NoWait()
        super().__init__(self.still)

    def time(self) -> float:
        return self.still.seconds


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """What the work returns; the loop's own clock says how long it believes to have taken."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
