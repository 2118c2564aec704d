"""The first line and the framing of a reply."""

from functools import lru_cache
from http import HTTPStatus

# RFC 9110, 6.4.1 and 15: replies with these have no body, whatever their headers say.
NO_CONTENT = 204
BODILESS = frozenset({NO_CONTENT, 304})
FRAMING = (b"content-length", b"transfer-encoding")


@lru_cache(maxsize=256)
def status_line(status: int) -> bytes:
    """`HTTP/1.1 200 OK` and its line end."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode("ascii")


def header_lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Headers as lines. Raises ValueError for a value that would end its line: nothing of a caller's gets that far."""
    lines = b"".join([name + b": " + value + b"\r\n" for name, value in headers])
    if lines.count(b"\n") != len(headers) or lines.count(b"\r") != len(headers) or b"\0" in lines:
        raise ValueError("A header's value holds a line end.")
    return lines


def framing_is_plain(headers: list[tuple[bytes, bytes]]) -> bool:
    """One length at most, and not beside a transfer coding: two readers could disagree on where the response ends."""
    framing = [(name, value) for name, value in headers if name in FRAMING]
    if len(framing) <= 1:
        return not framing or framing[0][1].isdigit() or framing[0][1].lower() == b"chunked"
    return False
