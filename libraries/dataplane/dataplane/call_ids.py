"""Ids of calls: the same UUIDv7 as everywhere (chassis.ids), made for a rate at which a draw of random bytes shows."""

import os
import time
from collections.abc import Callable

_DRAWN = 640
_EACH = 10
_RANDOM_LOW = (1 << 62) - 1
_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)


class CallIds:
    """`call_` and 32 hex digits: 48 bits of milliseconds, then 74 random bits, drawn for 64 ids at once."""

    __slots__ = ("_drawn", "_nanoseconds", "_random_bytes")

    def __init__(
        self, nanoseconds: Callable[[], int] = time.time_ns, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._nanoseconds = nanoseconds
        self._random_bytes = random_bytes
        # What comes below the milliseconds, the next one last.
        self._drawn: list[int] = []

    def __call__(self) -> str:
        """The next id."""
        if not self._drawn:
            self._draw()
        return f"call_{self._nanoseconds() // 1_000_000 << 80 | self._drawn.pop():032x}"

    def _draw(self) -> None:
        drawn = self._random_bytes(_DRAWN)
        randoms = [int.from_bytes(drawn[at : at + _EACH]) for at in range(_DRAWN - _EACH, -1, -_EACH)]
        self._drawn = [(random >> 62 & 0xFFF) << 64 | random & _RANDOM_LOW | _VERSION_AND_VARIANT for random in randoms]
