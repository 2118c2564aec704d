"""Runs all parts of a machine: in order, in parallel where nothing forbids it, until told to stop, then in reverse."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fleet.part import Part
from fleet.part_state import PartState
from fleet.stop_order import stop_waves
from fleet.supervised_part import SupervisedPart, Surroundings


class Supervisor:
    """The parts of one machine. `on_change` hears of every change of a state."""

    def __init__(
        self,
        parts: Sequence[Part],
        log_of: Callable[[str], Path],
        on_change: Callable[[], None],
        chance: Callable[[], float],
        watch_seconds: float = 5.0,
    ) -> None:
        self._changed = asyncio.Event()
        self._on_change = on_change
        around = Surroundings(self._tell, self._dependencies_ready, chance, watch_seconds)
        self._parts = {part.name: SupervisedPart(part, log_of(part.name), around) for part in parts}
        self._waves = stop_waves({part.name: [*part.depends_on, *part.ends_before] for part in parts})
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._hurried = asyncio.Event()

    @property
    def states(self) -> Mapping[str, PartState]:
        """The present state of each part, in start order."""
        return {name: one.state for name, one in self._parts.items()}

    def start(self) -> None:
        """Begin to run every part; each waits for what it depends on."""
        for name, one in self._parts.items():
            self._runs[name] = asyncio.create_task(one.run(), name=name)

    async def wait_until_ready(self) -> None:
        """Return when every part is ready. Raises PartFailed as soon as one gives up."""
        while not all(one.is_settled for one in self._parts.values()):
            await self._wait_for_change()

    async def watch(self) -> None:
        """Until cancelled. Raises PartFailed where a part cannot be kept alive."""
        while True:
            await self._wait_for_change()

    async def stop(self) -> None:
        """End every part in reverse order, each wave within its time; nothing of ours lives after this."""
        for wave in self._waves:
            parts = [self._parts[name] for name in wave]
            await asyncio.gather(*(self._stop_one(one) for one in parts))
        for task in self._runs.values():
            task.cancel()
        await asyncio.gather(*self._runs.values(), return_exceptions=True)

    def hurry(self) -> None:
        """Wait for nothing any more: the next thing each part hears is SIGKILL."""
        self._hurried.set()

    async def _stop_one(self, one: SupervisedPart) -> None:
        stopping = asyncio.create_task(one.stop(one.part.stop_within_seconds))
        hurried = asyncio.create_task(self._hurried.wait())
        await asyncio.wait([stopping, hurried], return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not stopping.done():
            await one.kill()
        await stopping

    async def _wait_for_change(self) -> None:
        changed = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait([changed, *self._live_runs()], return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
        self._changed.clear()
        for task in self._runs.values():
            if task.done() and not task.cancelled() and (fault := task.exception()) is not None:
                raise fault

    def _live_runs(self) -> list[asyncio.Task[None]]:
        return [task for task in self._runs.values() if not task.done()]

    def _tell(self) -> None:
        self._changed.set()
        self._on_change()

    async def _dependencies_ready(self, part: Part) -> None:
        """Return when everything the part depends on is ready, again after a restart as at first."""
        for name in part.depends_on:
            await self._parts[name].ready.wait()
