"""What a PostgreSQL that was killed leaves behind: waits for its last processes and clears locks that mislead."""

import signal
import time
from pathlib import Path

import psutil

_LOCK = "postmaster.pid"
_SOCKET_LOCK = ".s.PGSQL.5432.lock"
# First without a signal: processes that lost their server or their fleet notice that by themselves.
_STEPS: tuple[tuple[signal.Signals | None, float], ...] = (
    (None, 1.0),
    (signal.SIGINT, 5.0),
    (signal.SIGQUIT, 3.0),
    (signal.SIGKILL, 3.0),
)
_POLL_SECONDS = 0.05


def wait_for_predecessor(data_folder: Path, socket_folder: Path) -> None:
    """Let no process of an earlier server use the folder, then remove a lock whose number belongs to a stranger.

    The lock of a dead server stays: PostgreSQL itself judges it, and checks its shared memory with it.
    """
    for number, patience in _STEPS:
        leftovers = processes_in(data_folder)
        if not leftovers:
            break
        for process in _heads(leftovers):
            _send(process, number)
        _wait_until_gone(leftovers, patience)
    for lock in (data_folder / _LOCK, socket_folder / _SOCKET_LOCK):
        holder = _holder(lock)
        if holder is not None and psutil.pid_exists(holder):
            lock.unlink()


def processes_in(data_folder: Path) -> list[psutil.Process]:
    """The PostgreSQL processes whose working folder is the data folder; all of a server's are."""
    wanted = str(data_folder.resolve())
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.name() == "postgres" and process.cwd() == wanted:
                found.append(process)
        except psutil.Error:
            continue
    return found


def _heads(processes: list[psutil.Process]) -> list[psutil.Process]:
    """The server itself, which ends its own children in order; or each of them where it is dead."""
    ids = {process.pid for process in processes}
    return [process for process in processes if _parent(process) not in ids]


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return 0


def _send(process: psutil.Process, number: signal.Signals | None) -> None:
    try:
        if number is not None:
            process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _wait_until_gone(processes: list[psutil.Process], patience: float) -> None:
    deadline = time.monotonic() + patience
    while any(_lives(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _holder(lock: Path) -> int | None:
    try:
        return abs(int(lock.read_text(encoding="utf-8").split("\n", 1)[0]))
    except (FileNotFoundError, ValueError):
        return None
