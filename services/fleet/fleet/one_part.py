"""Runs one part without a supervisor, for as long as a `with` block: what tests and one-off commands need."""

import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from fleet.child_process import child_command, last_lines, open_log
from fleet.errors import PartFailed
from fleet.part import Part

_POLL_SECONDS = 0.02
_STOP_SECONDS = 5.0


@contextmanager
def running(part: Part, log: Path) -> Generator[int]:
    """The process id of the part, once it is ready. Raises PartFailed."""
    process = start(part, log)
    try:
        yield process.pid
    finally:
        stop(part, process)


def start(part: Part, log: Path) -> "subprocess.Popen[bytes]":
    """Start the part and wait until it is ready. Raises PartFailed."""
    part.prepare()
    with open_log(log) as output:
        process = subprocess.Popen(  # noqa: S603 -- the command comes from the topology
            child_command(part),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(part.environment),
            cwd=part.working_folder,
            process_group=0,
        )
    try:
        _wait_until_ready(part, process, log)
    except BaseException:
        stop(part, process)
        raise
    return process


def stop(part: Part, process: "subprocess.Popen[bytes]") -> None:
    """Ask the process to end, ever more firmly."""
    for number in part.stop_signals:
        process.send_signal(number)
        try:
            process.wait(_STOP_SECONDS)
            return
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.wait()


def _wait_until_ready(part: Part, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + part.ready_within_seconds
    missing = part.probe(process.pid)
    while missing is not None:
        if process.poll() is not None:
            raise PartFailed(failure_text(part.name, ending(process.returncode), log))
        if time.monotonic() > deadline:
            raise PartFailed(failure_text(part.name, f"is not ready: {missing}", log))
        time.sleep(_POLL_SECONDS)
        missing = part.probe(process.pid)


def ending(code: int | None) -> str:
    """How a process ended, in words."""
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"


def failure_text(name: str, what: str, log: Path) -> str:
    """One line that says what happened and the end of the log."""
    tail = " | ".join(last_lines(log))
    return f"{name} {what}. Its log ends: {tail}" if tail else f"{name} {what}. Its log is empty."
