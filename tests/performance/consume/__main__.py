"""`make bench-consume`: our gateway beside nginx, a bare event loop, Portkey and LiteLLM, one at a time, in any order.

`ROUNDS=5` asks for more rounds, `PEERS="ours nginx"` for some alone; BENCHMARK_SCALE=smoke only proves that it runs.
"""

import os
import random
import signal
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(1, str(Path(__file__).parents[1]))
sys.path.insert(1, str(Path(__file__).parents[2]))

import peers as known
from cores import Cores
from measuring import Measuring, Sample, Vendors, added, medians
from mocks import vendors
from our_gateway import Ours, our_gateway
from peers import Peer
from peers_shelf import Shelf
from running_peer import RunningPeer, running
from scale import scaled
from showing import keep, show
from targets import EVENT_LOOP, LITELLM, NGINX, OURS, PORTKEY, times_name
from traffic import Traffic

from fleet.ports import free_port_numbers

_TURNS = scaled(3, 1)


def main() -> int:
    """2 where our own traffic was not built yet."""
    shelf, cores = Shelf(), Cores.found()
    if not shelf.traffic.exists():
        print("error: run `make peers-fetch` first", file=sys.stderr)
        return 2
    cores.withdraw()
    # What was started has sessions of its own: it ends with this process only where that is left in order.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit(1))
    rounds = int(os.environ.get("ROUNDS", scaled(3, 1)))
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        _tell("a whole marketplace starts")
        plain_port, stream_port, port, *ports = free_port_numbers(7)
        ours = stack.enter_context(our_gateway(shelf, folder, plain_port, stream_port, port))
        mocks = stack.enter_context(vendors(shelf, folder, plain_port, stream_port))
        every = {
            NGINX: known.nginx(shelf, mocks, folder, ports[0]),
            EVENT_LOOP: known.event_loop(mocks, ports[3]),
            OURS: ours.peer,
            PORTKEY: known.portkey(shelf, mocks, ports[1]),
            LITELLM: known.litellm(shelf, mocks, folder, ports[2]),
        }
        alone = Vendors(known.direct(mocks), known.direct_streams(mocks))
        measuring = Measuring(Traffic(shelf.traffic, folder, mocks.pids), alone, _tell)
        peers = _chosen(every)
        here = {name: peer for name, peer in peers.items() if peer.is_here}
        comparing = Comparing(here, ours, measuring, cores, folder)
        direct, samples = list[Sample](), {name: list[Sample]() for name in here}
        for number in range(1, rounds + 1):
            _tell(f"round {number} of {rounds}")
            straight, found = comparing.round()
            direct.append(straight)
            for short, sample in found.items():
                samples[short].append(sample)
    results = {name: medians(found) for name, found in samples.items() if found}
    show(peers, medians(direct), results, rounds, mocks.plain_by)
    print(f"\nAll figures, round by round: {keep(direct, samples, results)}")
    return 0


def _chosen(peers: Mapping[str, Peer]) -> dict[str, Peer]:
    named = os.environ.get("PEERS", "").split() or list(peers)
    return {name: peer for name, peer in peers.items() if name in named}


@dataclass(frozen=True)
class Comparing:
    """The gateways that are here, and with what they are measured; each is started anew for each part of a round."""

    peers: Mapping[str, Peer]
    ours: Ours
    measuring: Measuring
    cores: Cores
    folder: Path

    def round(self) -> tuple[Sample, dict[str, Sample]]:
        """What the vendors do by themselves, and the figures of each gateway that gave a good answer."""
        direct = self.measuring.straight()
        samples = self._in_turns()
        for name in random.sample(list(samples), len(samples)):
            with suppress(AssertionError), self._running(name) as one:
                alone = self.measuring.of(one, self._behind(name), samples[name]["closed_rate"])
                samples[name] |= alone | added(direct, alone)
        return direct, samples

    def _in_turns(self) -> dict[str, Sample]:
        """The cost of a plain call, ours beside each other's: this machine is not as fast at one moment as at another.

        What ours costs is compared with what the other cost in the same turn.
        """
        turns: dict[str, list[Sample]] = {}
        times: Sample = {}
        for other in [name for name in self.peers if name != OURS] or [OURS]:
            pair: dict[str, list[Sample]] = {}
            with suppress(AssertionError):
                pair = self._turns_of([name for name in self.peers if name in (OURS, other)])
            if len(pair) == 2:
                both = zip(pair[other], pair[OURS], strict=True)
                times[times_name(other)] = median(theirs["cpu_ms"] / own["cpu_ms"] for theirs, own in both)
            for name, samples in pair.items():
                turns.setdefault(name, []).extend(samples)
        found = {name: medians(samples) for name, samples in turns.items()}
        return found | {OURS: found[OURS] | times} if OURS in found else found

    def _turns_of(self, names: Sequence[str]) -> dict[str, list[Sample]]:
        """Those that run are called one after the other, again and again; those that do not are left out."""
        with ExitStack() as stack:
            running = dict[str, RunningPeer]()
            for name in names:
                with suppress(AssertionError):
                    running[name] = stack.enter_context(self._running(name))
            for one in running.values():
                self.measuring.warm(one)
            turns: dict[str, list[Sample]] = {name: [] for name in running}
            for _ in range(_TURNS):
                for name in random.sample(list(running), len(running)):
                    turns[name].append(self.measuring.without_pause(running[name], self._behind(name)))
        return turns

    def _behind(self, name: str) -> Mapping[str, int]:
        return self.ours.behind() if name == OURS else {}

    @contextmanager
    def _running(self, name: str) -> Generator[RunningPeer]:
        _tell(f"{self.peers[name].name} starts")
        try:
            with running(self.peers[name], self.cores, self.folder / f"{name}.log") as one:
                yield one
        except AssertionError as error:
            _tell(f"{self.peers[name].name} is left out: {error}")
            raise


def _tell(what: str) -> None:
    """Progress, on the channel that is not the tables'."""
    print(f"  {what} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
