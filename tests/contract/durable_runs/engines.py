"""The engines under contract, each with workers that can be killed and started again.

A new adapter adds a class here and a row in `conftest.py`; the tests stay as they are.
"""

import asyncio
import multiprocessing
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

from contract.durable_runs.dbos_worker_program import work as dbos_work
from contract.durable_runs.samples import Effects, sample_registry
from contract.durable_runs.temporal_worker_program import work as temporal_work
from fakes.durable_runs import MemoryRuns

from chassis.durable_runs.dbos_runs import open_runs as open_dbos_runs
from chassis.durable_runs.port import DurableRuns
from chassis.durable_runs.status import RunStatus
from chassis.durable_runs.temporal_address import TemporalAddress
from chassis.durable_runs.temporal_runs import open_runs as open_temporal_runs

PATIENCE_SECONDS = 60.0


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


class ProcessEngine:
    """Workers as processes of their own, forked from one that has loaded both engines already."""

    runs: DurableRuns

    def __init__(self, folder: Path, program: Callable[..., None]) -> None:
        self.effects = Effects(folder)
        self._program = program
        self._open = AsyncExitStack()
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(
            [
                "pytest",
                "contract.durable_runs.dbos_worker_program",
                "contract.durable_runs.temporal_worker_program",
            ]
        )
        self._workers: dict[str, BaseProcess] = {}

    def told(self, name: str) -> tuple[object, ...]:
        """What a worker of this name is told beside the folder and the variant."""
        raise NotImplementedError

    async def start_worker(self, variant: str = "first", name: str = "worker-1") -> None:
        ready = self.effects.folder / f"{name}.ready"
        ready.unlink(missing_ok=True)
        worker = self._processes.Process(target=self._program, args=(*self.told(name), self.effects.folder, variant))
        worker.start()
        await until(lambda: ready.exists() or not worker.is_alive())
        if not ready.exists():
            raise RuntimeError(self.log(name))
        self._workers[name] = worker

    async def kill_worker(self, name: str = "worker-1") -> None:
        self._workers[name].kill()
        await self._ended(name)

    async def stop_worker(self, name: str = "worker-1") -> int | None:
        """Ask the worker to stop; its exit code."""
        self._workers[name].terminate()
        return await self._ended(name)

    def worker_lives(self, name: str = "worker-1") -> bool:
        """Whether the process is still there."""
        return self._workers[name].is_alive()

    def log(self, name: str = "worker-1") -> str:
        """What the worker wrote."""
        return (self.effects.folder / f"{name}.log").read_text()

    async def close(self) -> None:
        for name in list(self._workers):
            await self.kill_worker(name)
        await self._open.aclose()

    async def _ended(self, name: str) -> int | None:
        worker = self._workers.pop(name)
        await until(lambda: not worker.is_alive())
        return worker.exitcode


class DbosEngine(ProcessEngine):
    """DBOS on a database of PostgreSQL."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, dbos_work)
        self.url = url

    def told(self, name: str) -> tuple[object, ...]:
        return self.url, name

    async def connect(self) -> None:
        """Open the client that the tests use."""
        self.runs = await self._open.enter_async_context(open_dbos_runs(self.url, "contract"))


class TemporalEngine(ProcessEngine):
    """Temporal, with a task queue of each test's own."""

    def __init__(self, folder: Path, target: str) -> None:
        super().__init__(folder, temporal_work)
        self.target = target
        self.application = f"contract-{secrets.token_hex(6)}"

    def told(self, name: str) -> tuple[object, ...]:
        return self.target, self.application, name

    async def connect(self) -> None:
        """Open the client that the tests use."""
        runs = open_temporal_runs(TemporalAddress(self.target), self.application)
        self.runs = await self._open.enter_async_context(runs)
