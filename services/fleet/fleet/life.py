"""One life of some parts in a folder: brought up, kept up, and ended in order at the first signal."""

import asyncio
import random
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from chassis.errors import MarketplaceError
from fleet.data_folder import DataFolder
from fleet.part import Part
from fleet.part_state import PartState
from fleet.ports import require_free
from fleet.progress import Progress
from fleet.status import write_state
from fleet.supervisor import Supervisor


@dataclass(frozen=True)
class Plan:
    """What runs. `parts` are made when the folder is ours; `welcome` is said when all of them are ready."""

    title: str
    folder: DataFolder
    parts: Callable[[], Sequence[Part]]
    welcome: Callable[[], Sequence[str]]


def live(plan: Plan, console: Console) -> int:
    """Run everything until Ctrl-C or SIGTERM; the exit code. What goes wrong is one line on stderr."""
    try:
        plan.folder.prepare()
        with plan.folder.held():
            parts = plan.parts()
            require_free([port for part in parts for port in part.ports])
            return asyncio.run(_Life(plan, parts, console).until_stopped())
    except MarketplaceError as error:
        print(f"error: {error.message}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
    return 1


@dataclass
class _Life:
    """From the start of the first part to the end of the last."""

    plan: Plan
    parts: Sequence[Part]
    console: Console
    _states: Mapping[str, PartState] = field(default_factory=dict[str, PartState])

    def __post_init__(self) -> None:
        self._progress = Progress(self.console, lambda: self._states)

    async def until_stopped(self) -> int:
        supervisor = Supervisor(self.parts, self.plan.folder.log, self._changed, random.random)
        self._states = supervisor.states
        stopped = self._hear_signals(supervisor)
        self.console.print(f"Starting {self.plan.title} in {self.plan.folder.path}", highlight=False, soft_wrap=True)
        try:
            supervisor.start()
            with self._progress:
                await _first(supervisor.wait_until_ready(), stopped.wait())
            if not stopped.is_set():
                self._say_ready()
                await _first(supervisor.watch(), stopped.wait())
        finally:
            await self._stop(supervisor)
        return 0

    def _hear_signals(self, supervisor: Supervisor) -> asyncio.Event:
        """The first signal stops in order; a second one does not wait."""
        stopped = asyncio.Event()

        def hear() -> None:
            if stopped.is_set():
                supervisor.hurry()
            stopped.set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, hear)
        return stopped

    def _changed(self) -> None:
        # A full disk ends nothing: the next change is written with all that went before.
        with suppress(OSError):
            write_state(self.plan.folder, self.parts, list(self._states.values()))
        self._progress.tell()

    def _say_ready(self) -> None:
        lines = [f"Ready in {self._progress.elapsed():.1f} s", *self.plan.welcome(), "Ctrl-C ends everything."]
        self.console.print("\n".join(lines), highlight=False, soft_wrap=True)

    async def _stop(self, supervisor: Supervisor) -> None:
        began = time.monotonic()
        self.console.print("Stopping ...", highlight=False)
        await supervisor.stop()
        self.console.print(f"Stopped in {time.monotonic() - began:.1f} s", highlight=False)


async def _first(*deeds: Coroutine[Any, Any, object]) -> None:
    """Return when one of them has; raise what it raised."""
    tasks = [asyncio.create_task(deed) for deed in deeds]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
