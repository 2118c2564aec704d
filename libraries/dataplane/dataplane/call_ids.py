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

    __slots__ = ("_at", "_drawn", "_nanoseconds", "_random_bytes")

    def __init__(
        self, nanoseconds: Callable[[], int] = time.time_ns, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._nanoseconds = nanoseconds
        self._random_bytes = random_bytes
        self._drawn = b""
        self._at = 0

    def __call__(self) -> str:
        """The next id."""
        at = self._at
        if at >= len(self._drawn):
            self._drawn, at = self._random_bytes(_DRAWN), 0
        self._at = at + _EACH
        random = int.from_bytes(self._drawn[at : at + _EACH])
        high = (random >> 62) & 0xFFF
        milliseconds = self._nanoseconds() // 1_000_000
        return f"call_{(milliseconds << 80) | (high << 64) | (random & _RANDOM_LOW) | _VERSION_AND_VARIANT:032x}"
