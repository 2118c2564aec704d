"""Prefixed, time-ordered ids: `lst_` and the 32 hex digits of a UUIDv7 (RFC 9562, section 5.7)."""

import secrets
from collections.abc import Callable
from datetime import datetime

RandomBytes = Callable[[int], bytes]


# The four bits of the version and the two of the variant, among the 80 below the milliseconds.
_FIXED = (0x7 << 76) | (0b10 << 62)
_RANDOM = ~((0xF << 76) | (0b11 << 62))


def new_id(prefix: str, now: datetime, random_bytes: RandomBytes = secrets.token_bytes) -> str:
    """An id such as `lst_0198c0de...`: 48 bits of milliseconds, then 74 random bits."""
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    value = (milliseconds << 80) | (int.from_bytes(random_bytes(10)) & _RANDOM) | _FIXED
    return f"{prefix}_{value:032x}"


def is_id(value: str, prefix: str) -> bool:
    """Whether a string has the form of an id with that prefix."""
    head, _, tail = value.partition("_")
    return head == prefix and len(tail) == 32 and all(digit in "0123456789abcdef" for digit in tail)
