"""`make bench-consume`: our gateway beside nginx, Portkey and LiteLLM on this machine, one at a time, in any order.

`ROUNDS=5` asks for more rounds, `PEERS="ours nginx"` for some alone; BENCHMARK_SCALE=smoke only proves that it runs.
"""

import os
import random
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(1, str(Path(__file__).parents[1]))
sys.path.insert(1, str(Path(__file__).parents[2]))

import peers as known
from cores import Cores
from measuring import Measuring, Sample, Vendors, added, medians
from mocks import vendors
from our_gateway import Ours, our_gateway
from peers import Peer
from peers_shelf import Shelf
from running_peer import running
from scale import scaled
from showing import keep, show
from targets import LITELLM, NGINX, OURS, PORTKEY
from traffic import Traffic

from fleet.ports import free_port_numbers


def main() -> int:
    """2 where our own traffic was not built yet."""
    shelf, cores = Shelf(), Cores.found()
    if not shelf.traffic.exists():
        print("error: run `make peers-fetch` first", file=sys.stderr)
        return 2
    cores.withdraw()
    rounds = int(os.environ.get("ROUNDS", scaled(3, 1)))
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        _tell("a whole marketplace starts")
        plain_port, stream_port, port, *ports = free_port_numbers(6)
        ours = stack.enter_context(our_gateway(shelf, folder, plain_port, stream_port, port))
        mocks = stack.enter_context(vendors(shelf, folder, plain_port, stream_port))
        every = {
            NGINX: known.nginx(shelf, mocks, folder, ports[0]),
            OURS: ours.peer,
            PORTKEY: known.portkey(shelf, mocks, ports[1]),
            LITELLM: known.litellm(shelf, mocks, folder, ports[2]),
        }
        straight = Vendors(known.direct(mocks), known.direct_streams(mocks))
        measuring = Measuring(Traffic(shelf.traffic, folder), straight, _tell)
        peers = _chosen(every)
        direct, samples = _measured(peers, ours, measuring, cores, folder, rounds)
    results = {name: medians(found) for name, found in samples.items() if found}
    show(peers, medians(direct), results, rounds, mocks.plain_by)
    print(f"\nAll figures, round by round: {keep(direct, samples, results)}")
    return 0


def _chosen(peers: Mapping[str, Peer]) -> dict[str, Peer]:
    named = os.environ.get("PEERS", "").split() or list(peers)
    return {name: peer for name, peer in peers.items() if name in named}


def _measured(
    peers: Mapping[str, Peer], ours: Ours, measuring: Measuring, cores: Cores, folder: Path, rounds: int
) -> tuple[list[Sample], dict[str, list[Sample]]]:
    here = [name for name, peer in peers.items() if peer.is_here]
    direct, samples = list[Sample](), {name: list[Sample]() for name in here}
    for number in range(1, rounds + 1):
        _tell(f"round {number} of {rounds}: straight to the vendors")
        direct.append(measuring.straight())
        for name in random.sample(here, len(here)):
            _tell(f"round {number} of {rounds}: {peers[name].name} starts")
            try:
                with running(peers[name], cores, folder / f"{name}.log") as one:
                    sample = measuring.of(one, ours.behind() if name == OURS else {})
            except AssertionError as error:
                _tell(f"{peers[name].name} is left out of this round: {error}")
                continue
            samples[name].append(sample | added(direct[-1], sample))
    return direct, samples


def _tell(what: str) -> None:
    """Progress, on the channel that is not the tables'."""
    print(f"  {what} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
