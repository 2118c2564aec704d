"""Histograms of durations in fixed logarithmic buckets, so that those of any times and processes can be added.

Twenty buckets a decade from 0.1 ms to 1,000 s: the bounds of a bucket lie 12.2 % apart, and a percentile read from
it is off by half of that at most, whatever the number of calls.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import partial

_PER_DECADE, _DECADES, _LOWEST_MICROSECONDS = 20, 7, 100
# Upper bounds in microseconds; the last bucket has none.
BOUNDS = tuple(_LOWEST_MICROSECONDS * 10 ** (step / _PER_DECADE) for step in range(_PER_DECADE * _DECADES + 1))
BUCKETS = len(BOUNDS) + 1


# The index of the bucket that a duration in microseconds falls into.
bucket_of = partial(bisect_right, BOUNDS)


def percentile_ms(counts: Sequence[int], share: float) -> float | None:
    """The duration in milliseconds that this share of the counted ones (0 to 1) does not pass; None for no counts.

    Between the bounds of its bucket durations are taken to lie evenly on the logarithmic scale.
    """
    wanted = share * sum(counts)
    if not wanted:
        return None
    before = 0
    for index, count in enumerate(counts):
        if count and before + count >= wanted:
            return _inside(index, (wanted - before) / count)
        before += count
    return None


def _inside(index: int, part: float) -> float:
    if index == 0 or index == len(BOUNDS):
        # Below the first bound and beyond the last one only that bound is known.
        return BOUNDS[min(index, len(BOUNDS) - 1)] / 1000
    low, high = BOUNDS[index - 1], BOUNDS[index]
    return float(low * (high / low) ** part / 1000)
