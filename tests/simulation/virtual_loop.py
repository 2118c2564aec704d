"""Event loops without time or threads: every process has its own, all share one virtual clock and one order of events.

A stopped process keeps what happens to it until it goes on; a dead one never runs again.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import Any


class Condition(Enum):
    """Whether a process runs."""

    RUNNING = "running"
    STOPPED = "stopped"
    DEAD = "dead"


class Killed(BaseException):
    """What runs through the code of a process at the very place where it was killed: no handler of ours stops it."""


class VirtualTime:
    """The clock in seconds, what is ready to run, and what is due later; in one order for all processes."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ready: deque[asyncio.Handle] = deque()
        self.running: ProcessLoop | None = None
        self._due: list[tuple[float, int, asyncio.Handle]] = []
        self._number = 0
        self._named: ProcessLoop | None = None

    def at(self, when: float, handle: asyncio.Handle) -> None:
        """Have this run then, after all that was asked for earlier at the same moment."""
        self._number += 1
        heapq.heappush(self._due, (when, self._number, handle))

    def step(self, until: float) -> "ProcessLoop | None":
        """Run one callback that is due by then; the loop that it ran on, or None where nothing more is due."""
        while True:
            handle = self._next(until)
            if handle is None:
                return None
            loop = handle._loop
            if handle._cancelled or loop.condition is Condition.DEAD:
                continue
            if loop.condition is Condition.STOPPED:
                loop.kept.append(handle)
                continue
            self._run(loop, handle)
            return loop

    def name(self, loop: "ProcessLoop | None") -> None:
        """Say which loop asyncio is to take for the running one."""
        self._named = loop
        asyncio._set_running_loop(loop)

    def _next(self, until: float) -> Any:
        if self.ready:
            return self.ready.popleft()
        if not self._due or self._due[0][0] > until:
            self.now = max(self.now, until)
            return None
        when, _, handle = heapq.heappop(self._due)
        self.now = max(self.now, when)
        return handle

    def _run(self, loop: "ProcessLoop", handle: asyncio.Handle) -> None:
        self.running = loop
        if self._named is not loop:
            self.name(loop)
        handle._run()
        self.running = None
        if loop.condition is Condition.DEAD:
            loop.bury()


class ProcessLoop(asyncio.AbstractEventLoop):
    """The loop of one process; `broke` hears of exceptions that nobody caught."""

    def __init__(self, clock: VirtualTime, name: str, broke: Callable[[str], None]) -> None:
        self.clock = clock
        self.name = name
        self.condition = Condition.RUNNING
        self.kept: list[asyncio.Handle] = []
        self._broke = broke
        # Told after each of its steps.
        self.stepped: Callable[[], None] | None = None
        # asyncio itself remembers tasks only weakly.
        self._tasks: list[asyncio.Task[Any]] = []

    def stop_running(self) -> None:
        """As SIGSTOP does."""
        if self.condition is Condition.RUNNING:
            self.condition = Condition.STOPPED

    def go_on(self) -> None:
        """As SIGCONT does: what happened meanwhile happens now."""
        if self.condition is Condition.STOPPED:
            self.condition = Condition.RUNNING
            self.clock.ready.extend(self.kept)
            self.kept = []

    def die(self) -> None:
        """As SIGKILL does; whoever kills it from inside raises Killed right after."""
        self.condition = Condition.DEAD
        self.kept = []
        if self.clock.running is not self:
            self.bury()

    def bury(self) -> None:
        """End the coroutines of a dead process, so that nothing warns of them; none of their effects counts."""
        before = asyncio._get_running_loop()
        self.clock.name(self)
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task._log_destroy_pending = False
            with suppress(RuntimeError, Killed):
                task.get_coro().close()
        self.clock.name(before)

    def time(self) -> float:
        return self.clock.now

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Any = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self.clock.ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.clock.now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self.clock.at(when, handle)
        return handle

    def create_task(self, coro: Any, *, name: str | None = None, context: Any = None) -> "asyncio.Task[Any]":
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name or "task", context=context)
        self._tasks.append(task)
        return task

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if self.condition is not Condition.DEAD and not isinstance(context.get("exception"), Killed):
            self._broke(f"{context.get('message')}: {context.get('exception')!r}")

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers are passed over when they come up."""

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self.clock.running is self

    def is_closed(self) -> bool:
        return False
