"""What the byte engine costs by itself: a plain reply and a relayed one, beside uvicorn that gives the same bytes.

`python tests/performance/bench_wire.py`: each server is a process of its own on the last core, this client on the
others; the servers are asked in turns, and the figures are medians of the rounds.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import uvloop
from load_client import Target, for_a_while, post
from process_costs import cpu_seconds, pin, pss_mib
from scale import scaled
from tables import Cell, print_table

CONNECTIONS = 16
_FOLDER = Path(__file__).parent
_ANSWER = b'{"choices": [{"message": {"content": "' + b"x" * 1350 + b'"}}]}'
_BODY = b'{"model": "m", "messages": [{"role": "user", "content": "' + b"y" * 140 + b'"}]}'


@dataclass
class Measured:
    """One server: its process, and what each round gave."""

    name: str
    pid: int
    target: Target
    cpu_us: list[float] = field(default_factory=list[float])
    rates: list[float] = field(default_factory=list[float])
    p50_us: list[float] = field(default_factory=list[float])

    def row(self) -> list[Cell]:
        """Medians."""
        return [
            self.name,
            *(median(figures) for figures in (self.cpu_us, self.rates, self.p50_us)),
            pss_mib([self.pid]),
        ]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


@contextmanager
def server(program: str, *arguments: str) -> Generator[int]:
    """A process that listens; its second or third word is the port."""
    process = subprocess.Popen([sys.executable, str(_FOLDER / program), *arguments])
    port = int(next(word for word in arguments if word.isdigit()))
    try:
        for _ in range(400):
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.025)
        yield process.pid
    finally:
        process.kill()
        process.wait()


async def measure(servers: list[Measured], rounds: int, seconds: float) -> None:
    """Ask them in turns."""
    for number in range(rounds + 1):
        for one in servers:
            before = cpu_seconds(one.pid)
            load = await for_a_while(one.target, CONNECTIONS, seconds)
            if number:  # The first round warms them.
                one.cpu_us.append((cpu_seconds(one.pid) - before) / len(load.took) * 1e6)
                one.rates.append(load.rate)
            alone = await for_a_while(one.target, 1, seconds / 4)
            one.p50_us.append(median(alone.took) * 1e6)


def _apart(pids: list[int]) -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        pin(pids, {cores[-1]})
        pin([os.getpid()], set(cores[:-1]))


def main() -> None:
    """Print the table."""
    ports = [str(_free_port()) for _ in range(4)]
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer"
        answer.write_bytes(_ANSWER)
        with (
            server("wire_server.py", "plain", ports[0], str(answer)) as plain,
            server("wire_server.py", "plain", ports[1], str(answer)) as upstream,
            server("wire_server.py", "relay", ports[2], ports[1]) as relay,
            server("bare_server.py", ports[3], str(answer), str(answer)) as uvicorn,
        ):
            _apart([plain, relay, uvicorn])
            pin([upstream], os.sched_getaffinity(0))
            servers = [
                Measured("engine, plain reply", plain, post(int(ports[0]), "/plain", _BODY)),
                Measured("engine, relayed", relay, post(int(ports[2]), "/plain", _BODY)),
                Measured("uvicorn, plain reply", uvicorn, post(int(ports[3]), "/plain", _BODY)),
            ]
            uvloop.run(measure(servers, scaled(5, 1), scaled(3.0, 0.2)))
            print_table(
                f"The byte engine alone: {CONNECTIONS} connections, {len(_BODY)} bytes there, {len(_ANSWER)} back",
                ["server", "CPU us a request", "requests/s", "p50 us, one at a time", "PSS MiB"],
                [one.row() for one in servers],
                "Requests a second are those of this client on the other core; CPU is the measure that holds.",
            )


if __name__ == "__main__":
    main()
