"""Ids of calls are those of the chassis, only cheaper."""

from datetime import UTC, datetime

from chassis.ids import is_id, new_id
from dataplane.call_ids import CallIds

_AT = 1_790_000_000_123


def _counted(size: int) -> bytes:
    return bytes(number % 251 for number in range(size))


def test_an_id_is_the_one_that_the_chassis_makes_of_the_same_bits() -> None:
    ids = CallIds(lambda: _AT * 1_000_000 + 999, _counted)
    moment = datetime.fromtimestamp(_AT / 1000, UTC)
    drawn = _counted(640)
    for at in range(0, 640, 10):
        assert ids() == new_id("call", moment, lambda _, at=at: drawn[at : at + 10])


def test_ids_differ_beyond_one_draw_and_keep_the_order_of_time() -> None:
    moments = iter(range(_AT * 1_000_000, _AT * 1_000_000 + 10**12, 10**6))
    made = [(ids := CallIds(lambda: next(moments)))() for _ in range(10)]
    made += [ids() for _ in range(300)]
    assert len(set(made)) == len(made)
    assert all(is_id(call_id, "call") for call_id in made)
    assert made == sorted(made)
