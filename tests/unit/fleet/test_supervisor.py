"""The supervisor with tiny real processes: order of starts and ends, restarts, give up, hurry."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from fleet.errors import PartFailed
from fleet.part import Part, Probe
from fleet.part_state import State
from fleet.supervisor import Supervisor

pytestmark = pytest.mark.slow

LIVE = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def part(name: str, text: str = LIVE, depends_on: Sequence[str] = (), **more: object) -> Part:
    return Part(name=name, command=[sys.executable, "-I", "-S", "-c", text], depends_on=depends_on, **more)  # pyright: ignore


@asynccontextmanager
async def supervised(folder: Path, *parts: Part) -> AsyncIterator[tuple[Supervisor, list[tuple[str, State]]]]:
    seen: list[tuple[str, State]] = []

    def note() -> None:
        for name, state in supervisor.states.items():
            if (name, state.state) not in seen[-len(parts) :]:
                seen.append((name, state.state))

    before = set(psutil.Process().children(recursive=True))
    supervisor = Supervisor(parts, lambda name: folder / f"{name}.log", note, lambda: 0.0, watch_seconds=0.05)
    supervisor.start()
    try:
        yield supervisor, seen
    finally:
        await supervisor.stop()
        assert not set(psutil.Process().children(recursive=True)) - before


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 -- looks at processes, which set no event
            await asyncio.sleep(0.01)


def says_up(folder: Path, name: str) -> Probe:
    log = folder / f"{name}.log"
    return lambda _: None if log.exists() and b"up" in log.read_bytes() else "silent"


async def test_a_part_starts_after_what_it_depends_on_and_ends_before_it(tmp_path: Path) -> None:
    first = part("first", probe=says_up(tmp_path, "first"))
    async with supervised(tmp_path, part("second", depends_on=["first"]), first) as (supervisor, seen):
        await supervisor.wait_until_ready()
        started = supervisor.states["first"].started_at, supervisor.states["second"].started_at
    assert seen.index(("first", State.READY)) < seen.index(("second", State.STARTING))
    assert seen.index(("second", State.STOPPED)) < seen.index(("first", State.STOPPING))
    assert None not in started


async def test_a_killed_part_comes_back_alone(tmp_path: Path) -> None:
    async with supervised(tmp_path, part("engine"), part("user", depends_on=["engine"])) as (supervisor, _):
        await supervisor.wait_until_ready()
        engine, user = supervisor.states["engine"], supervisor.states["user"]
        before, user_pid = engine.pid, user.pid
        assert before is not None
        os.kill(before, signal.SIGKILL)
        await until(lambda: engine.is_ready and engine.pid != before)
        assert engine.restarts == 1
        assert (user.pid, user.restarts) == (user_pid, 0)


async def test_a_part_waits_for_a_dead_dependency_before_it_starts_again(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    slow = part("engine", "import time; time.sleep(.3); print('up', flush=True); time.sleep(60)")
    engine = part("engine", slow.command[-1], probe=lambda _: None if log.read_bytes().endswith(b"up\n") else "slow")
    async with supervised(tmp_path, engine, part("user", depends_on=["engine"])) as (supervisor, seen):
        await supervisor.wait_until_ready()
        log.write_bytes(b"")
        for name in ("engine", "user"):
            os.kill(supervisor.states[name].pid or 0, signal.SIGKILL)
        del seen[:]
        await until(lambda: all(state.is_ready and state.restarts == 1 for state in supervisor.states.values()))
        assert seen.index(("engine", State.READY)) < seen.index(("user", State.STARTING))


async def test_a_part_that_never_gets_ready_gives_up_with_the_end_of_its_log(tmp_path: Path) -> None:
    broken = part("broken", "print('no such setting'); raise SystemExit(3)", probe=lambda _: "silent")
    async with supervised(tmp_path, broken, part("other")) as (supervisor, _):
        with pytest.raises(PartFailed, match=r"broken ended with code 3.*no such setting"):
            await supervisor.wait_until_ready()
        assert supervisor.states["broken"].state is State.FAILED


async def test_an_optional_part_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    extra = part("extra", "raise SystemExit(1)", is_step=True, is_optional=True)
    async with supervised(tmp_path, part("main"), extra) as (supervisor, _):
        await supervisor.wait_until_ready()
        assert supervisor.states["main"].is_ready
        assert supervisor.states["extra"].state is State.FAILED


async def test_a_step_runs_once_and_lets_the_next_start(tmp_path: Path) -> None:
    step = part("step", "print('done')", is_step=True)
    async with supervised(tmp_path, step, part("after", depends_on=["step"])) as (supervisor, seen):
        await supervisor.wait_until_ready()
        assert supervisor.states["step"].state is State.DONE
    assert seen.index(("step", State.DONE)) < seen.index(("after", State.STARTING))
    assert (tmp_path / "step.log").read_text() == "done\n"


async def test_a_part_that_hangs_is_killed_and_started_again(tmp_path: Path) -> None:
    hung: set[int] = set()
    hanging = part("hanging", alive=lambda pid: "no answer" if pid in hung else None)
    async with supervised(tmp_path, hanging) as (supervisor, _):
        await supervisor.wait_until_ready()
        state = supervisor.states["hanging"]
        hung.add(state.pid or 0)
        await until(lambda: state.is_ready and state.pid not in hung)
        assert state.restarts == 1


async def test_a_part_that_lost_its_readiness_is_shown_and_not_killed(tmp_path: Path) -> None:
    missing: list[str] = []
    async with supervised(tmp_path, part("door", probe=lambda _: missing[0] if missing else None)) as (supervisor, _):
        await supervisor.wait_until_ready()
        state = supervisor.states["door"]
        missing.append("database cannot be reached")
        await until(lambda: state.state is State.DEGRADED)
        assert state.problem == "database cannot be reached"
        missing.clear()
        await until(lambda: state.state is State.READY)
        assert state.restarts == 0


async def test_a_part_that_ignores_the_polite_signal_is_killed_with_its_children(tmp_path: Path) -> None:
    family = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)']); print('up', flush=True);"
        "time.sleep(60)"
    )
    stubborn = part("stubborn", family, probe=says_up(tmp_path, "stubborn"), stop_within_seconds=0.2)
    async with supervised(tmp_path, stubborn) as (supervisor, _):
        await supervisor.wait_until_ready()
        assert len(psutil.Process(supervisor.states["stubborn"].pid).children()) == 1


async def test_a_hurried_stop_waits_for_nobody(tmp_path: Path) -> None:
    slow = part("slow", STUBBORN, probe=says_up(tmp_path, "slow"), stop_within_seconds=3600)
    async with supervised(tmp_path, slow) as (supervisor, _):
        await supervisor.wait_until_ready()
        stopping = asyncio.create_task(supervisor.stop())
        await until(lambda: supervisor.states["slow"].state is State.STOPPING)
        supervisor.hurry()
        await stopping


async def test_a_stop_before_all_is_ready_ends_what_has_started(tmp_path: Path) -> None:
    async with supervised(tmp_path, part("never", probe=lambda _: "silent"), part("later", depends_on=["never"])) as (
        supervisor,
        _,
    ):
        await until(lambda: supervisor.states["never"].pid is not None)
        assert supervisor.states["later"].state is State.WAITING
    assert {state.state for state in supervisor.states.values()} == {State.STOPPED}


def test_children_end_with_a_killed_fleet(tmp_path: Path) -> None:
    text = (
        "import sys, time; from pathlib import Path; from fleet.one_part import start; from fleet.part import Part\n"
        "p = start(Part('child', [sys.executable, '-S', '-c', 'import time; time.sleep(60)']), Path(sys.argv[1]))\n"
        "print(p.pid, flush=True); time.sleep(60)"
    )

    with subprocess.Popen([sys.executable, "-c", text, str(tmp_path / "log")], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        # Until it has become the program it would not end with its parent but refuse to start.
        deadline = time.monotonic() + 20
        while "child_entry.py" in " ".join(child.cmdline()) and time.monotonic() < deadline:
            time.sleep(0.01)
        parent.kill()
    child.wait(20)
