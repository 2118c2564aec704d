"""The engines under contract, each with workers that can be killed and started again.

A new adapter adds a class here and a row in `conftest.py`; the tests stay as they are.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

from contract.durable_runs.samples import Effects, sample_registry
from fakes.durable_runs import MemoryRuns

from chassis.durable_runs.dbos_runs import open_runs
from chassis.durable_runs.port import DurableRuns
from chassis.durable_runs.status import RunStatus

PATIENCE_SECONDS = 60.0
TESTS = Path(__file__).parents[2]


class Engine(Protocol):
    """What the contract needs of an engine."""

    runs: DurableRuns
    effects: Effects

    async def start_worker(self, variant: str = "first", name: str = "worker-1") -> None:
        """A worker of this name, ready to work."""
        ...

    async def kill_worker(self, name: str = "worker-1") -> None:
        """SIGKILL, or what comes nearest."""
        ...

    async def close(self) -> None:
        """End everything."""
        ...


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come true."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.01)


async def status_when(engine: Engine, run_id: str, condition: Callable[[RunStatus], bool]) -> RunStatus:
    """The first status that fulfils the condition."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition(status := await engine.runs.status(run_id)):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.02)
    return status


async def ended(engine: Engine, run_id: str) -> RunStatus:
    """The status of a run that has come to its end."""
    return await status_when(engine, run_id, lambda status: status.state.ended)


class MemoryEngine:
    """The fake of the unit tests."""

    def __init__(self, folder: Path) -> None:
        self.effects = Effects(folder)
        self._memory = MemoryRuns()
        self.runs: DurableRuns = self._memory

    async def start_worker(self, variant: str = "first", name: str = "worker-1") -> None:
        await self._memory.serve(sample_registry(self.effects.folder, variant))

    async def kill_worker(self, name: str = "worker-1") -> None:
        await self._memory.crash()

    async def close(self) -> None:
        await self._memory.crash()


class DbosEngine:
    """DBOS on PostgreSQL, each worker a process of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.effects = Effects(folder)
        self.url = url
        self._open = AsyncExitStack()
        self._workers: dict[str, asyncio.subprocess.Process] = {}

    async def connect(self) -> None:
        """Open the client that the tests use."""
        self.runs: DurableRuns = await self._open.enter_async_context(open_runs(self.url, "contract"))

    async def start_worker(self, variant: str = "first", name: str = "worker-1") -> None:
        program = Path(__file__).parent / "dbos_worker_program.py"
        with (self.effects.folder / f"{name}.log").open("ab") as log:
            worker = await asyncio.create_subprocess_exec(
                *(sys.executable, str(program), self.url, name, str(self.effects.folder), variant),
                env={**os.environ, "PYTHONPATH": str(TESTS)},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert worker.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            line = await worker.stdout.readline()
        if line.strip() != b"ready":
            await worker.wait()
            raise RuntimeError(self.log(name))
        self._workers[name] = worker

    async def kill_worker(self, name: str = "worker-1") -> None:
        await self._end(name, signal.SIGKILL)

    async def stop_worker(self, name: str = "worker-1") -> int:
        """Ask the worker to stop; its exit code."""
        return await self._end(name, signal.SIGTERM)

    def worker_lives(self, name: str = "worker-1") -> bool:
        """Whether the process is still there."""
        return self._workers[name].returncode is None

    def log(self, name: str = "worker-1") -> str:
        """What the worker wrote."""
        return (self.effects.folder / f"{name}.log").read_text()

    async def close(self) -> None:
        for name in list(self._workers):
            await self._end(name, signal.SIGKILL)
        await self._open.aclose()

    async def _end(self, name: str, number: signal.Signals) -> int:
        worker = self._workers.pop(name)
        if worker.returncode is None:
            worker.send_signal(number)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await worker.wait()
