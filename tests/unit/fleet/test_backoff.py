"""The pauses between starts."""

import itertools

import pytest

from fleet.backoff import FIRST_SECONDS, LONGEST_SECONDS, STABLE_SECONDS, delay, failures_after


def test_the_pause_doubles_until_its_longest() -> None:
    pauses = [delay(failures, 1.0) for failures in range(1, 12)]
    assert pauses[0] == FIRST_SECONDS
    assert all(later == min(2 * earlier, LONGEST_SECONDS) for earlier, later in itertools.pairwise(pauses))
    assert pauses[-1] == LONGEST_SECONDS


@pytest.mark.parametrize("failures", [1, 5, 10_000])
def test_chance_spreads_the_pause_between_half_and_whole(failures: int) -> None:
    assert delay(failures, 0.0) == delay(failures, 1.0) / 2


def test_a_part_that_ran_long_is_forgiven_and_a_short_lived_one_is_not() -> None:
    assert failures_after(7, STABLE_SECONDS) == 1
    assert failures_after(7, STABLE_SECONDS - 1) == 8
