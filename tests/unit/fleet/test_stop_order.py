"""The order in which parts end."""

import pytest

from fleet.stop_order import stop_waves


def test_each_part_ends_before_what_it_depends_on() -> None:
    waves = stop_waves({"db": [], "cache": [], "api": ["db", "cache"], "worker": ["db"], "door": ["api", "worker"]})
    assert waves == [["door"], ["api", "worker"], ["db", "cache"]]


def test_a_ring_is_refused() -> None:
    with pytest.raises(ValueError, match="ring"):
        stop_waves({"a": ["b"], "b": ["a"]})
