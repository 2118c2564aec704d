"""Runs one part for as long as the fleet lives: start, wait until ready, watch, start again after a pause."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from chassis.errors import MarketplaceError
from fleet.backoff import delay, failures_after
from fleet.child_process import child_command, open_log
from fleet.errors import PartFailed
from fleet.one_part import ending, failure_text
from fleet.part import Part
from fleet.part_state import PartState, State
from fleet.rotation import rotate

_POLL_SECONDS = 0.05
_WATCH_SECONDS = 5.0
# A part that never got ready and failed so often is misconfigured: waiting longer would not mend it.
FIRST_START_TRIES = 3
OPTIONAL_TRIES = 2


@dataclass(frozen=True)
class Surroundings:
    """What a part needs from its fleet."""

    changed: Callable[[], None]
    dependencies_ready: Callable[[Part], Awaitable[None]]
    chance: Callable[[], float]
    watch_seconds: float = _WATCH_SECONDS


class SupervisedPart:
    """One part and its present process."""

    def __init__(self, part: Part, log: Path, around: Surroundings) -> None:
        self.part = part
        self.state = PartState(part.name)
        self.ready = asyncio.Event()
        self._log = log
        self._around = around
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._was_ready = False

    @property
    def is_settled(self) -> bool:
        """Ready, or given up where the others can do without it."""
        return self.state.is_ready or (self.part.is_optional and self.state.state is State.FAILED)

    async def run(self) -> None:
        """Until the part is stopped, or done where it is a step. Raises PartFailed where it never gets ready."""
        failures = 0
        while not self._stopping:
            await self._around.dependencies_ready(self.part)
            began = time.monotonic()
            problem = await self._live_once(began)
            if self._stopping or self.state.state is State.DONE:
                return
            failures = failures_after(failures, time.monotonic() - began)
            if not self._was_ready and failures >= (OPTIONAL_TRIES if self.part.is_optional else FIRST_START_TRIES):
                self._become(State.FAILED, problem)
                if self.part.is_optional:
                    return
                raise PartFailed(problem)
            self._become(State.BACKING_OFF, problem)
            await asyncio.sleep(delay(failures, self._around.chance()))
            self.state.restarts += 1

    async def stop(self, within_seconds: float) -> None:
        """Ask the process to end, ever more firmly; after the time its whole group is killed."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            self._become(self.state.state if self.part.is_step else State.STOPPED)
            return
        self._become(State.STOPPING)
        for number in self.part.stop_signals:
            _signal(process, number)
            if await _ended(process, within_seconds / len(self.part.stop_signals)):
                break
        await self.kill()

    async def kill(self) -> None:
        """End the process and whatever it started, now."""
        self._stopping = True
        if self._process is not None and self._process.returncode is None:
            _kill_group(self._process)
            await self._process.wait()
        self._become(State.STOPPED)

    async def _live_once(self, began: float) -> str:
        """One life of the process, from its start to its end; what ended it, in one line."""
        self.state.ready_after_seconds = None
        self._become(State.STARTING)
        try:
            process = await self._start()
        except (MarketplaceError, OSError) as error:
            return getattr(error, "message", None) or f"{self.part.name} cannot start: {error}"
        watching = asyncio.create_task(self._watch(process, began))
        try:
            code = await process.wait()
        finally:
            watching.cancel()
            await asyncio.wait([watching])
            _kill_group(process)
        if self.part.is_step and code == 0:
            self._became_ready(State.DONE, began)
        problem = (None if watching.cancelled() else watching.result()) or ending(code)
        if self.state.ready_after_seconds is not None:
            return f"{self.part.name} {problem}: see {self._log}"
        return failure_text(self.part.name, problem, self._log)

    async def _start(self) -> asyncio.subprocess.Process:
        await asyncio.to_thread(self.part.prepare)
        rotate(self._log)
        with open_log(self._log) as output:
            process = await asyncio.create_subprocess_exec(
                *child_command(self.part),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(self.part.environment),
                cwd=self.part.working_folder,
                process_group=0,
            )
        self._process = process
        self.state.pid = process.pid
        self.state.started_at = time.time()
        if self._stopping:
            _kill_group(process)
        self._around.changed()
        return process

    async def _watch(self, process: asyncio.subprocess.Process, began: float) -> str:
        """Kills the process when it does not get ready, or hangs; why, in words."""
        if self.part.is_step:
            await asyncio.sleep(self.part.ready_within_seconds)
            _kill_group(process)
            return f"did not end within {self.part.ready_within_seconds:.0f} s"
        missing = await self._until_ready(process, began)
        while missing is None:
            await asyncio.sleep(self._around.watch_seconds)
            missing = await self._hanging(process)
        _kill_group(process)
        return missing

    async def _until_ready(self, process: asyncio.subprocess.Process, began: float) -> str | None:
        missing = await asyncio.to_thread(self.part.probe, process.pid)
        while missing is not None:
            if time.monotonic() - began > self.part.ready_within_seconds:
                return f"was not ready within {self.part.ready_within_seconds:.0f} s: {missing}"
            await asyncio.sleep(_POLL_SECONDS)
            missing = await asyncio.to_thread(self.part.probe, process.pid)
        self._became_ready(State.READY, began)
        return None

    async def _hanging(self, process: asyncio.subprocess.Process) -> str | None:
        """None while it is alive, ready or not; three silent looks in a row make it hang."""
        rotate(self._log)
        missing = await asyncio.to_thread(self.part.probe, process.pid)
        self._become(State.READY if missing is None else State.DEGRADED, missing)
        problem = None
        for _ in range(3):
            problem = await asyncio.to_thread(self.part.alive, process.pid)
            if problem is None:
                return None
            await asyncio.sleep(self._around.watch_seconds)
        return f"hangs: {problem}"

    def _became_ready(self, state: State, began: float) -> None:
        self._was_ready = True
        self.state.ready_after_seconds = time.monotonic() - began
        self._become(state)

    def _become(self, state: State, problem: str | None = None) -> None:
        if self._stopping and state not in {State.STOPPING, State.STOPPED}:
            return
        if (self.state.state, self.state.problem) == (state, problem):
            return
        self.state.state = state
        self.state.problem = problem
        if self.state.is_ready:
            self.ready.set()
        else:
            self.ready.clear()
        if state in {State.STOPPED, State.BACKING_OFF, State.FAILED, State.DONE}:
            self.state.pid = None
        self._around.changed()


async def _ended(process: asyncio.subprocess.Process, within_seconds: float) -> bool:
    try:
        await asyncio.wait_for(process.wait(), within_seconds)
    except TimeoutError:
        return False
    return True


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except ProcessLookupError:
        return


def _kill_group(process: asyncio.subprocess.Process) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
