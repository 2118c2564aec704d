"""One gateway while it runs: its cold start, the CPU of its whole tree, and the most memory it ever had."""

import http.client
import signal
import subprocess
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cores import Cores
from peers import Peer
from process_costs import cpu_seconds, family, pss_mib
from questions import PLAIN

_START_SECONDS = 90.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.004
_LOOK_SECONDS = 0.5


@dataclass
class RunningPeer:
    """`cold_start` is from exec to the first good answer, in seconds; memory is PSS in MiB."""

    peer: Peer
    pid: int
    cold_start: float
    idle_mib: float
    peak_mib: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)

    def cpu(self) -> float:
        """CPU seconds of the tree so far."""
        return cpu_seconds(self.pid)

    def watch(self) -> None:
        """Note the most memory until the peer is ended."""
        while not self._ended.wait(_LOOK_SECONDS):
            self.peak_mib = max(self.peak_mib, pss_mib(family(self.pid)))

    def end_watch(self) -> None:
        """No more looks."""
        self._ended.set()


@contextmanager
def running(peer: Peer, cores: Cores, log: Path) -> Generator[RunningPeer]:
    """The gateway alone on its core."""
    with log.open("ab") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            cores.pinned(peer.command),
            env=dict(peer.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        _wait_for_first_answer(peer, process, began, log)
        one = RunningPeer(peer, process.pid, time.perf_counter() - began, pss_mib(family(process.pid)))
        watcher = threading.Thread(target=one.watch)
        watcher.start()
        yield one
        one.end_watch()
        watcher.join()
    finally:
        _end(process)


def _wait_for_first_answer(peer: Peer, process: "subprocess.Popen[bytes]", began: float, log: Path) -> None:
    said = ""
    while time.perf_counter() - began < _START_SECONDS:
        assert process.poll() is None, f"{peer.name} ended with {process.returncode}; see {log}"
        try:
            status, said = _asked(peer)
            if status == 200:
                return
        except (OSError, http.client.HTTPException) as error:
            said = str(error)
        time.sleep(_POLL_SECONDS)
    raise AssertionError(f"{peer.name} gave no good answer within {_START_SECONDS:.0f} s: {said}; see {log}")


def _asked(peer: Peer) -> tuple[int, str]:
    head, _, body = peer.way.requests(PLAIN)[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    connection = http.client.HTTPConnection("127.0.0.1", peer.way.port, timeout=10)
    try:
        connection.request("POST", first.split()[1], body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(500).decode(errors="replace")
    finally:
        connection.close()


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
