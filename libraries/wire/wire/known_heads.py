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
_MOST_DIGITS = 9
# What stands before the digits of a length, the digits, and what stands behind them. The bound is against bytes that
# make the search go back far: without it 256 KiB of them cost 5 ms.
_AROUND_LENGTH = re.compile(
    rb"(.{0,%d}\r\ncontent-length: ?)([0-9]{1,%d})((?:\r\n.*)?)" % (_LONGEST, _MOST_DIGITS), re.IGNORECASE | re.DOTALL
)

Head = TypeVar("Head")
# A head, the length that it says, and so many bytes of a body.
Whole = tuple[Head, int | None, bytes]


class KnownHead(Generic[Head]):
    """A head by the bytes around the digits of its length; one without a length has nothing after."""

    __slots__ = ("_after", "_before", "_head")

    def __init__(self, before: bytes, after: bytes, head: Head) -> None:
        self._before = before
        self._after = after
        self._head = head

    def whole(self, data: bytes) -> "Whole[Head] | None":
        """Head, length and body where `data` is exactly one message with this head."""
        before, after = self._before, self._after
        if not after:
            return (self._head, None, b"") if data == before else None
        if not data.startswith(before):
            return None
        start = len(before)
        end = data.find(after, start, start + _MOST_DIGITS + len(after))
        digits = data[start:end]
        if end < 0 or not digits.isdigit():
            return None
        length, body = int(digits), data[end + len(after) :]
        return (self._head, length, body) if length == len(body) else None


class KnownHeads(Generic[Head]):
    """The heads of one server's callers, or of the responses to one client, shared by its connections."""

    __slots__ = ("_heads",)

    def __init__(self) -> None:
        self._heads: dict[tuple[bytes, bytes], KnownHead[Head]] = {}

    def like(self, data: bytes) -> KnownHead[Head] | None:
        """The head with which `data`, read between two messages, begins, where it is known."""
        lines, _, _ = data.partition(_END)
        return self._heads.get(_around(lines, _AROUND_LENGTH.fullmatch(lines)))

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
        around = _around(lines, parts)
        self._heads[around] = KnownHead(*around, head)


class HeadsInTurn(Generic[Head]):
    """The heads that come on one connection: mostly each is like the one before it, and not looked for any further."""

    __slots__ = ("_known", "_last")

    def __init__(self, known: KnownHeads[Head]) -> None:
        self._known = known
        self._last: KnownHead[Head] | None = None

    def whole(self, data: bytes) -> "Whole[Head] | None":
        """Head, length and body where `data`, read between two messages, is exactly one whose head is known."""
        last = self._last
        found = None if last is None else last.whole(data)
        if found is None:
            other = self._known.like(data)
            if other is not None and other is not last:
                found = other.whole(data)
                self._last = other
        return found


def _around(lines: bytes, parts: re.Match[bytes] | None) -> tuple[bytes, bytes]:
    """What stands before and after the digits of a head's length; all of it and nothing where there is no length."""
    return (lines + _END, b"") if parts is None else (parts[1], parts[3] + _END)


def _is_one_head(lines: bytes, headers: int) -> bool:
    """Whether these are a first line and its headers' lines and no more, whatever else ends a line somewhere."""
    return lines.count(b"\n") == lines.count(b"\r\n") == headers
