"""What ours is meant to reach, line by line; shown as met or not met, never asserted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from measuring import MANY_STREAMS, Sample

Results = Mapping[str, Sample]
OURS, NGINX, EVENT_LOOP, PORTKEY, LITELLM = "ours", "nginx", "uvloop", "portkey", "litellm"


@dataclass(frozen=True)
class Target:
    """A figure out of all results, None where a peer is not here, and the bound it must keep."""

    what: str
    figure: Callable[[Results], float | None]
    bound: float
    at_least: bool = False
    unit: str = ""

    @property
    def asked(self) -> str:
        """The bound in words."""
        return f"{'>=' if self.at_least else '<='} {self.bound:g}{self.unit}"

    def verdict(self, results: Results) -> tuple[str, str]:
        """The figure as text, and `met`, `not met` or `unknown`."""
        figure = self.figure(results)
        if figure is None:
            return "not here", "unknown"
        met = figure >= self.bound if self.at_least else figure <= self.bound
        shown = f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"
        return f"{shown}{self.unit}", "met" if met else "not met"


def _own(name: str) -> Callable[[Results], float | None]:
    return lambda results: results.get(OURS, {}).get(name)


def times_name(peer: str) -> str:
    """The figure of ours that says how many calls it makes of the CPU that one of the peer's costs."""
    return f"times_{peer}"


TARGETS = (
    Target("calls a CPU second, against LiteLLM", _own(times_name(LITELLM)), 120, at_least=True, unit="x"),
    Target("calls a CPU second, against Portkey", _own(times_name(PORTKEY)), 14, at_least=True, unit="x"),
    Target("calls a CPU second, against nginx (aim 0.45)", _own(times_name(NGINX)), 0.3, at_least=True, unit="x"),
    Target("added p50, one call at a time", _own("alone_added_p50"), 0.3, unit=" ms"),
    Target("added p99, one call at a time", _own("alone_added_p99"), 0.8, unit=" ms"),
    Target("first frame, added p99, 32 streams", _own("added_streams_32_first_p99"), 0.8, unit=" ms"),
    Target("CPU a frame, 32 streams", _own("streams_32_cpu_ms"), 0.03, unit=" ms"),
    Target("CPU a frame, 128 streams", _own("streams_128_cpu_ms"), 0.03, unit=" ms"),
    Target(f"whole streams of {MANY_STREAMS} at once", _own("many_whole"), MANY_STREAMS, at_least=True),
    Target("memory at its peak, one worker", _own("peak_mib"), 90, unit=" MiB"),
    Target("cold start to the first 200", _own("cold_start"), 0.8, unit=" s"),
)
