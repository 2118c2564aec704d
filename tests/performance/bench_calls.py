"""What a call costs on its way through the gateway, and what the gateway adds to it.

`python tests/performance/bench_calls.py`: a whole marketplace, keys with rate limit, token quota and budget, and the
demo vendor. The gateway has the last core to itself; this client and all other processes share the others.
"""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import httpx
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from fixtures.marketplace_people import Person
from load_client import Load, Target, for_a_while, in_turns, post
from measured_fleet import MeasuredFleet, a_fleet
from process_costs import cpu_seconds, family, pin
from scale import scaled
from tables import Cell, print_table

from fleet.ports import DEFAULT_PORTS

CONNECTIONS = 16
# The demo vendor answers this with a stream of 64 frames that carry content, and three around them.
_TALK = b'"messages":[{"role":"user","content":"Row the boat to the northern pier before the tide turns again."}]'
_SETTLED_WITHIN_SECONDS = scaled(3.0, 0.3)
_PARTS = ("gateway", "services", "workers", "postgres", "demo_provider", "client")


@dataclass(frozen=True)
class Paths:
    """The same call by three ways: through the gateway, straight to the vendor, to a server that does nothing."""

    gateway: Target
    vendor: Target
    bare: Target


@dataclass(frozen=True)
class Cost:
    """One kind of call under load: what came back, and the CPU of each process a call."""

    load: Load
    cpu_ms: dict[str, float]


def new_keys(fleet: MeasuredFleet, count: int) -> list[str]:
    """With every bound that admission checks, none of which is reached; one key alone ends at 1,000 calls a second."""
    access = fleet.access
    owner = Person(fleet.http, fleet.gateway, access.publisher_email, access.publisher_password)
    bounds = {"tier": "enterprise", "monthly_token_quota": 10**12, "monthly_budget": "1000000", "max_concurrency": 1000}
    return [owner.key(f"bench-{number}", **bounds)["key"] for number in range(count)]


def paths(fleet: MeasuredFleet, keys: list[str], bare_port: int, streamed: bool) -> Paths:
    """The three requests."""
    ending = b',"stream":true}' if streamed else b"}"
    public = b'{"model":"' + fleet.access.demo_model.encode() + b'",' + _TALK + ending
    inner = b'{"model":"demo-chat",' + _TALK + ending
    door, vendor = (DEFAULT_PORTS[f"{name}.http"] + fleet.offset for name in ("gateway", "demo_provider"))
    return Paths(
        post(door, "/v1/chat/completions", public, keys),
        post(vendor, "/v1/chat/completions", inner, [fleet.machine.secrets["demo_provider_key"]]),
        post(bare_port, "/stream" if streamed else "/plain", inner),
    )


def _answer(target: Target) -> bytes:
    head, _, body = target.requests[0].partition(b"\r\n\r\n")
    key = next(line.split()[-1] for line in head.splitlines() if line.startswith(b"authorization"))
    headers = {"authorization": f"Bearer {key.decode()}", "content-type": "application/json"}
    url = f"http://{target.host}:{target.port}/v1/chat/completions"
    return httpx.post(url, content=body, headers=headers, trust_env=False).raise_for_status().content


@contextmanager
def bare_server(port: int, plain: bytes, stream: bytes) -> Generator[int]:
    """Its process id, while it serves the vendor's own answers."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("plain", "stream")]
        for file, content in zip(files, (plain, stream), strict=True):
            file.write_bytes(content)
        program = Path(__file__).with_name("bare_server.py")
        process = subprocess.Popen([sys.executable, str(program), str(port), *map(str, files)])
        try:
            _wait_for(port)
            yield process.pid
        finally:
            process.terminate()
            process.wait()


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the bare server did not start")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


def _used(pids: dict[str, int]) -> dict[str, float]:
    """CPU seconds of each part so far; the fleet is a child of this process, which counts for itself alone."""
    return {name: cpu_seconds(pid) for name, pid in pids.items()} | {"client": time.process_time()}


async def cost_of(target: Target, pids: dict[str, int], seconds: float) -> Cost:
    """Ask without pause, wait until everything is settled, and divide what each process used."""
    await for_a_while(target, CONNECTIONS, seconds / 10)
    await asyncio.sleep(_SETTLED_WITHIN_SECONDS)
    before = _used(pids)
    await asyncio.sleep(_SETTLED_WITHIN_SECONDS)
    resting = {name: (used - before[name]) / _SETTLED_WITHIN_SECONDS for name, used in _used(pids).items()}
    # At rest the client does nothing but read these figures.
    resting["client"] = 0.0
    before, began = _used(pids), time.perf_counter()
    load = await for_a_while(target, CONNECTIONS, seconds)
    await asyncio.sleep(_SETTLED_WITHIN_SECONDS)
    passed = time.perf_counter() - began
    more = {name: used - before[name] - resting[name] * passed for name, used in _used(pids).items()}
    return Cost(load, {name: max(0.0, seconds) * 1000 / len(load.took) for name, seconds in more.items()})


def _cost_row(name: str, cost: Cost) -> list[Cell]:
    refused = sum(cost.load.refused.values())
    return [name, cost.load.rate, *(cost.cpu_ms.get(part, "") for part in _PARTS), refused]


def _added_rows(name: str, loads: list[Load]) -> list[list[Cell]]:
    through, direct = ([seconds * 1000 for seconds in load.took] for load in loads)
    figures = [[median(took), quantiles(took, n=100)[98]] for took in (direct, through)]
    added = [through - direct for direct, through in zip(*figures, strict=True)]
    return [[name, len(through), *figures[0], *figures[1], *added]]


async def measure(fleet: MeasuredFleet, keys: list[str], bare: tuple[int, int]) -> None:
    """Both tables."""
    port, bare_pid = bare
    pids = {name: pid for name, pid in fleet.pids().items() if name != "fleet"}
    costs, added = list[list[Cell]](), list[list[Cell]]()
    for kind, streamed in (("plain", False), ("streamed", True)):
        ways = paths(fleet, keys, port, streamed)
        seconds = scaled(8.0, 0.5)
        costs.append(_cost_row(f"{kind}, through the gateway", await cost_of(ways.gateway, pids, seconds)))
        costs.append(_cost_row(f"{kind}, straight to the vendor", await cost_of(ways.vendor, pids, seconds)))
        alone = await cost_of(ways.bare, {"gateway": bare_pid}, seconds)
        costs.append(_cost_row(f"{kind}, a bare server in the gateway's place", alone))
        loads = await in_turns([ways.gateway, ways.vendor], scaled(20, 2), scaled(50, 10))
        added += _added_rows(kind, loads)
    print_table(
        f"CPU milliseconds a call, {CONNECTIONS} connections without pause",
        ["call", "calls/s", *_PARTS, "refused"],
        costs,
        "Settlement (services, workers, postgres) is counted until everything was settled, less what rests cost.",
        "Bare server: uvicorn alone gives the vendor's bytes back; the floor for any gateway on it.",
    )
    print_table(
        "Milliseconds that the gateway adds, one call at a time, in turns with the vendor itself",
        ["call", "calls", "vendor p50", "vendor p99", "gateway p50", "gateway p99", "added p50", "added p99"],
        added,
    )


def _pin_apart(fleet: MeasuredFleet, bare_pid: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return
    apart, others = {cores[-1]}, set(cores[:-1])
    pids = fleet.pids()
    pin({member for name, pid in pids.items() if name != "gateway" for member in family(pid)}, others)
    pin([os.getpid()], others)
    pin([*family(pids["gateway"]), bare_pid], apart)


def main() -> None:
    """Print the tables."""
    with a_fleet() as fleet:
        fleet.started()
        keys = new_keys(fleet, CONNECTIONS // 2)
        plain, stream = (_answer(paths(fleet, keys, 0, streamed).vendor) for streamed in (False, True))
        port = _free_port()
        with bare_server(port, plain, stream) as bare_pid:
            _pin_apart(fleet, bare_pid)
            uvloop.run(measure(fleet, keys, (port, bare_pid)))
        print(f"Plain: {len(plain)} bytes; streamed: {stream.count(b'data: ')} events in {len(stream)} bytes.")


if __name__ == "__main__":
    main()
