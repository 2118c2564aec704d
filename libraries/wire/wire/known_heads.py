"""Heads that came before, known by their bytes: the next one on a connection mostly differs in its length alone.

Whatever is found here was once read whole by the parser and judged by every rule; only the digits of its length, on
which no other rule depends, may differ.
"""

import re

from wire.request_head import Headers, RequestHead, with_length

_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: ?([0-9]{1,9})\r\n", re.IGNORECASE)
# Longer heads are rare, and so many of these are what a worker may hold: 4 MiB at most.
_LONGEST = 4 << 10
_MOST_KEPT = 1024

# A head's bytes without the digits of its length, that length, and where the body begins.
_Parts = tuple[bytes, int | None, int]


class KnownRequests:
    """The heads of one server's callers, shared by its connections."""

    __slots__ = ("_heads",)

    def __init__(self) -> None:
        self._heads: dict[bytes, RequestHead] = {}

    def whole(self, data: bytes) -> tuple[RequestHead, bytes] | None:
        """Head and body where `data`, read between two requests, is exactly one request whose head is known."""
        parts = _parted(data)
        if parts is None:
            return None
        template, length, begins = parts
        head = self._heads.get(template)
        if head is None or len(data) != begins + (length or 0):
            return None
        if head.length != length and length is not None:
            head = head.with_length(length)
        return head, data[begins:]

    def learn(self, data: bytes, head: RequestHead) -> None:
        """Remember the head that the parser found at the beginning of `data`, where its like can be known again."""
        parts = _parted(data, len(head.headers))
        if parts is None or parts[1] != head.length or head.chunked or head.expects_continue or head.wants_close:
            return
        if len(self._heads) >= _MOST_KEPT:
            self._heads.clear()
        self._heads[parts[0]] = head


class KnownResponses:
    """The heads of the responses to one client, shared by its connections."""

    __slots__ = ("_heads",)

    def __init__(self) -> None:
        self._heads: dict[bytes, tuple[int, int, Headers]] = {}

    def whole(self, data: bytes) -> tuple[int, Headers, bytes] | None:
        """Status, headers and body where `data` is exactly one response whose head is known."""
        parts = _parted(data)
        if parts is None:
            return None
        template, length, begins = parts
        known = self._heads.get(template)
        if known is None or length is None or len(data) != begins + length:
            return None
        status, before, headers = known
        return status, headers if before == length else with_length(headers, length), data[begins:]

    def learn(self, data: bytes, status: int, headers: Headers) -> None:
        """Remember the head of a response with a body and a length, after which its connection can be used again."""
        parts = _parted(data, len(headers))
        if parts is None or parts[1] is None:
            return
        if len(self._heads) >= _MOST_KEPT:
            self._heads.clear()
        self._heads[parts[0]] = status, parts[1], headers


def _parted(data: bytes, headers: int | None = None) -> _Parts | None:
    """The head that `data` begins with, where it ends in time and, if that is given, has so many headers."""
    end = data.find(_END)
    if not 0 < end <= _LONGEST:
        return None
    if headers is not None and not _is_one_head(data[: end + 2], headers):
        return None
    length = _LENGTH.search(data, 0, end + 2)
    if length is None:
        return data[:end], None, end + 4
    start, stop = length.span(1)
    return data[:start] + data[stop:end], int(data[start:stop]), end + 4


def _is_one_head(lines: bytes, headers: int) -> bool:
    """Whether these are a first line and its headers' lines and no more, whatever else ends a line somewhere."""
    return lines.count(b"\n") == lines.count(b"\r\n") == headers + 1
