"""A scale of latencies: each step is 19 % longer than the one before, so that percentiles need only counts."""

from bisect import bisect_left
from collections.abc import Mapping

SHORTEST_MICROSECONDS = 100.0
STEPS_PER_DOUBLING = 4
LAST_STEP = 96


def upper_bound(step: int) -> float:
    """The longest duration of a step, in microseconds."""
    return SHORTEST_MICROSECONDS * 2 ** (step / STEPS_PER_DOUBLING)


_BOUNDS = tuple(upper_bound(step) for step in range(LAST_STEP))


def step_of(microseconds: int) -> int:
    """The step that a duration falls into; the last one, at half an hour, takes all that is longer."""
    return bisect_left(_BOUNDS, microseconds)


def percentile_milliseconds(counts: Mapping[int, int], share: float) -> float | None:
    """The duration that `share` of the calls did not pass, read off the scale; None without calls."""
    wanted = share * sum(counts.values())
    if wanted <= 0:
        return None
    passed = 0
    for step in sorted(counts):
        if passed + counts[step] >= wanted:
            lower = upper_bound(step - 1) if step else 0.0
            inside = (wanted - passed) / counts[step]
            return round((lower + (upper_bound(step) - lower) * inside) / 1000, 3)
        passed += counts[step]
    return None
