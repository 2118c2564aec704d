"""What is asked of each gateway in one round, and the figures that come of it; durations are milliseconds."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median

from process_costs import cpu_seconds
from questions import PACED, PLAIN, UNPACED, Way
from running_peer import RunningPeer
from scale import scaled
from traffic import Figures, Traffic

# So many keep every gateway busy: with 16, ours rested for a quarter of the time between small handfuls of calls.
CONNECTIONS = 64
CROWDS = (32, 128)
MANY_STREAMS = scaled(1000, 40)
# A common rate that the slowest survives, and one that shows the others at work.
RATES = (60, 600)
STREAM_SECONDS = 1.3
# Of fewer the one hundredth that is slowest would be one or two.
_LEAST_STREAMS = 400
_SETTLED_WITHIN_SECONDS = scaled(3.0, 1.0)

Sample = dict[str, float]
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Vendors:
    """The ways straight to the vendors, which everything is compared with."""

    plain: Way
    streams: Way


@dataclass(frozen=True)
class Spending:
    """CPU seconds of the gateway and of what stands behind it, in so many seconds of time."""

    gateway: float
    behind: float
    seconds: float

    @classmethod
    def over(cls, one: RunningPeer, behind: Mapping[str, int], deed: Callable[[], None]) -> "Spending":
        """While the deed is done."""
        before = (one.cpu(), _cpu_of(behind), time.perf_counter())
        deed()
        return cls(one.cpu() - before[0], _cpu_of(behind) - before[1], time.perf_counter() - before[2])

    def less(self, resting: "Spending") -> "Spending":
        """Without what the same time would have cost at rest; a rest of no time takes nothing off."""
        share = self.seconds / resting.seconds if resting.seconds > 0.1 else 0.0
        behind = max(0.0, self.behind - resting.behind * share)
        return Spending(max(0.0, self.gateway - resting.gateway * share), behind, self.seconds)


def _cpu_of(processes: Mapping[str, int]) -> float:
    return sum(cpu_seconds(pid) for pid in processes.values())


@dataclass(frozen=True)
class Measuring:
    """One round of one gateway. `behind` are processes whose CPU is shown apart: control plane and its database."""

    traffic: Traffic
    vendors: Vendors
    tell: Progress

    def straight(self) -> Sample:
        """The same traffic without a gateway: what the vendors and the callers carry by themselves."""
        sample: Sample = {}
        closed = self.traffic.closed(self.vendors.plain, PLAIN, CONNECTIONS, scaled(4.0, 0.3))
        sample["closed_rate"] = _rate(closed)
        for rate in RATES:
            sample |= _latency(f"open_{rate}", self.traffic.open(self.vendors.plain, PLAIN, rate, scaled(5.0, 0.4)))
        for crowd in CROWDS:
            sample |= _first_frames(f"streams_{crowd}", self._crowd(self.vendors.streams, PACED, crowd))
        fast = self._unpaced(self.vendors.streams)
        sample["unpaced_frames_rate"] = fast["frames"] / fast["seconds"]
        many = self._many(self.vendors.streams)
        return sample | {"many_whole": many["whole"], "many_stalled": many["stalled"]}

    def of(self, one: RunningPeer, behind: Mapping[str, int], ceiling: float) -> Sample:
        """What is asked of one that runs alone; `ceiling` is how many calls a second it can do."""
        self.warm(one)
        sample: Sample = {"cold_start": one.cold_start, "idle_mib": one.idle_mib}
        sample |= self._one_at_a_time(one, behind)
        for rate in RATES:
            sample |= self._at_moments(one, rate, ceiling)
        # What was opened for streams while it was warmed is closed again by now.
        self._some_streams(one)
        for crowd in CROWDS:
            sample |= self._streamed(one, f"streams_{crowd}", partial(self._crowd, one.peer.way, PACED, crowd))
        sample |= self._streamed(one, "unpaced", partial(self._unpaced, one.peer.way))
        self.tell(f"{MANY_STREAMS} paced streams at once")
        many = self._many(one.peer.way)
        sample |= {"many_whole": many["whole"], "many_stalled": many["stalled"]}
        return sample | {"peak_mib": max(one.peak_mib, one.idle_mib)}

    def warm(self, one: RunningPeer) -> None:
        """Some of each kind, so that nothing is done for the first time while it is measured."""
        self.tell(f"warming {one.peer.name}")
        self.traffic.closed(one.peer.way, PLAIN, CONNECTIONS, scaled(2.0, 0.3))
        self._some_streams(one)

    def _some_streams(self, one: RunningPeer) -> None:
        self.traffic.streams(one.peer.way, PACED, scaled(16, 4), 0.2)

    def _one_at_a_time(self, one: RunningPeer, behind: Mapping[str, int]) -> Sample:
        """Once the calls before are settled: what is measured is one call at a time, not what a crowd left behind."""
        self.tell("one call at a time")
        time.sleep(_SETTLED_WITHIN_SECONDS if behind else 0.0)
        turns = self.traffic.turns([self.vendors.plain, one.peer.way], PLAIN, scaled(100, 2), scaled(50, 10))
        direct, through = (figures["took"] for figures in turns)
        return {
            "alone_p50": through["p50"],
            "alone_added_p50": through["p50"] - direct["p50"],
            "alone_added_p99": through["p99"] - direct["p99"],
        }

    def without_pause(self, one: RunningPeer, behind: Mapping[str, int]) -> Sample:
        """CPU counts until the last call is settled, also the gateway's own part of that, less what all use at rest."""
        self.tell(f"{one.peer.name}: {CONNECTIONS} connections without pause")
        settling = _SETTLED_WITHIN_SECONDS if behind else 0.0
        time.sleep(settling)
        resting = Spending.over(one, behind, lambda: time.sleep(settling))
        figures: list[Figures] = []

        def load() -> None:
            figures.append(self.traffic.closed(one.peer.way, PLAIN, CONNECTIONS, scaled(3.0, 0.5)))
            time.sleep(settling)

        spent = Spending.over(one, behind, load).less(resting)
        [closed] = figures
        calls = max(1, closed["took"]["count"])
        return {
            "closed_rate": _rate(closed),
            "cpu_ms": spent.gateway * 1000 / calls,
            "whole_cpu_ms": (spent.gateway + spent.behind) * 1000 / calls,
            "refused": float(sum(closed["refused"].values())),
        }

    def _at_moments(self, one: RunningPeer, rate: int, ceiling: float) -> Sample:
        # Beyond its ceiling only the queue would be measured.
        if rate > ceiling * 0.8:
            return {}
        self.tell(f"{rate} calls a second")
        return _latency(f"open_{rate}", self.traffic.open(one.peer.way, PLAIN, rate, scaled(5.0, 0.4)))

    def _streamed(self, one: RunningPeer, name: str, run: Callable[[], Figures]) -> Sample:
        self.tell(name.replace("_", " "))
        began = one.cpu()
        figures = run()
        spent = one.cpu() - began
        frames = max(1, figures["frames"])
        whole = {f"{name}_whole_share": figures["whole"] / figures["asked"], f"{name}_cpu_ms": spent * 1000 / frames}
        return whole | _first_frames(name, figures) | {f"{name}_frames_rate": frames / figures["seconds"]}

    def _crowd(self, way: Way, kind: str, crowd: int) -> Figures:
        """So many streams under way at a time, each beginning at a moment of its own."""
        count = max(_LEAST_STREAMS, 5 * crowd)
        spread = scaled(count * STREAM_SECONDS / crowd, 0.4)
        return self.traffic.streams(way, kind, scaled(count, crowd // 8), spread)

    def _unpaced(self, way: Way) -> Figures:
        return self.traffic.streams(way, UNPACED, scaled(400, 10), scaled(4.0, 0.4))

    def _many(self, way: Way) -> Figures:
        return self.traffic.streams(way, PACED, MANY_STREAMS, scaled(STREAM_SECONDS, 0.3))


def _rate(figures: Figures) -> float:
    return figures["took"]["count"] / figures["seconds"]


def _latency(name: str, figures: Figures) -> Sample:
    return {f"{name}_p50": figures["took"]["p50"], f"{name}_p99": figures["took"]["p99"]}


def _first_frames(name: str, figures: Figures) -> Sample:
    first = figures["first_frame"]
    return {f"{name}_first_p50": first["p50"], f"{name}_first_p99": first["p99"]}


def medians(samples: list[Sample]) -> Sample:
    """Of each figure, over the rounds that have it."""
    names = dict.fromkeys(name for sample in samples for name in sample)
    return {name: median(sample[name] for sample in samples if name in sample) for name in names}


def added(direct: Sample, through: Sample) -> Sample:
    """What a gateway adds to the durations that both know."""
    ends = ("_p50", "_p99")
    both = [name for name in through if name in direct and name.endswith(ends)]
    return {f"added_{name}": through[name] - direct[name] for name in both}
