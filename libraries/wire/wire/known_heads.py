"""Heads that came before, known by their bytes: the next one on a connection mostly differs in its length alone.

Whatever is found here was once read whole by the parser and judged by every rule; only the digits of its length, on
which no other rule depends, may differ.
"""

import re
from typing import Generic, TypeVar

_END = b"\r\n\r\n"
# Longer heads are rare, and so many of these are what a worker may hold: 4 MiB at most.
_LONGEST = 4 << 10
_MOST_KEPT = 1024
# What stands before the digits of a length, the digits, and what stands behind them. The bound is against bytes that
# make the search go back far: without it 256 KiB of them cost 5 ms.
_AROUND_LENGTH = re.compile(
    rb"(.{0,%d}\r\ncontent-length: ?)([0-9]{1,9})((?:\r\n.*)?)" % _LONGEST, re.IGNORECASE | re.DOTALL
)

Head = TypeVar("Head")


class KnownHeads(Generic[Head]):
    """The heads of one server's callers, or of the responses to one client, shared by its connections."""

    __slots__ = ("_heads",)

    def __init__(self) -> None:
        # By what stands around its length; a head without a length by all of its bytes.
        self._heads: dict[tuple[bytes | int, ...] | bytes, Head] = {}

    def whole(self, data: bytes) -> tuple[Head, int | None, bytes] | None:
        """Head, length and body where `data`, read between two messages, is exactly one whose head is known."""
        lines, ends, body = data.partition(_END)
        parts = _AROUND_LENGTH.fullmatch(lines)
        if parts is None:
            head, length = None if body else self._heads.get(data), None
        else:
            length = int(parts[2])
            if not ends or length != len(body):
                return None
            head = self._heads.get(parts.group(1, 3))
        return None if head is None else (head, length, body)

    def learn(self, data: bytes, head: Head, headers: int, length: int | None) -> None:
        """Remember what the parser found at the beginning of `data`, where its like can be known again.

        `headers` is how many it found, `length` what they say of the body's; without one, no body follows.
        """
        lines, ends, _ = data.partition(_END)
        if not ends or len(lines) > _LONGEST or not _is_one_head(lines, headers):
            return
        parts = _AROUND_LENGTH.fullmatch(lines)
        if (None if parts is None else int(parts[2])) != length:
            return
        if len(self._heads) >= _MOST_KEPT:
            self._heads.clear()
        self._heads[lines + _END if parts is None else parts.group(1, 3)] = head


def _is_one_head(lines: bytes, headers: int) -> bool:
    """Whether these are a first line and its headers' lines and no more, whatever else ends a line somewhere."""
    return lines.count(b"\n") == lines.count(b"\r\n") == headers
