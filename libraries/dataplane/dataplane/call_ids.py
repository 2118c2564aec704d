"""Ids of calls: the same UUIDv7 as everywhere (chassis.ids), made for a rate at which a draw of random bytes shows."""

import os
import time
from collections.abc import Callable

_DRAWN = 640
# Hexadecimal digits of ten random bytes.
_DIGITS = 20
# The digit with the two bits of the variant, by the random one in its place.
_VARIANT = {f"{digit:x}": f"{0b1000 | digit & 0b11:x}" for digit in range(16)}


class CallIds:
    """`call_` and 32 hex digits: 48 bits of milliseconds, then 74 random bits, drawn for 64 ids at once."""

    __slots__ = ("_drawn", "_nanoseconds", "_random_bytes")

    def __init__(
        self, nanoseconds: Callable[[], int] = time.time_ns, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._nanoseconds = nanoseconds
        self._random_bytes = random_bytes
        # What comes behind the milliseconds, the next one last.
        self._drawn: list[str] = []

    def __call__(self) -> str:
        """The next id."""
        if not self._drawn:
            self._draw()
        return f"call_{self._nanoseconds() // 1_000_000:012x}{self._drawn.pop()}"

    def _draw(self) -> None:
        drawn = self._random_bytes(_DRAWN).hex()
        starts = range(len(drawn) - _DIGITS, -1, -_DIGITS)
        each = [drawn[at : at + _DIGITS] for at in starts]
        # Digits are cut as they stand: numbers of 128 bits would cost as much again.
        self._drawn = [f"7{digits[1:4]}{_VARIANT[digits[4]]}{digits[5:]}" for digits in each]
