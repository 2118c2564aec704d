"""Heads as an intermediary hands them on: made anew from their parts, without what concerns one connection alone."""

import re

from wire.reply_head import header_lines
from wire.request_head import Headers, RequestHead

# RFC 9110, 7.6.1, and the framing, which is ours on either side.
_ONE_HOP = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"host",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# The Date of a reply is that of its last server, which is this one.
_NOT_FROM_SERVERS = _ONE_HOP - {b"host", b"expect"} | {b"date"}
# Names that a server behind may take for framing, as CGI's variables do.
_LOOKS_LIKE_FRAMING = re.compile(rb"transfer[^a-z0-9]+encoding|content[^a-z0-9]+length")
_BEGINS_LIKE_FRAMING = (b"content", b"transfer")
CHUNKED = -1
# The largest Max-Forwards that goes on; a longer number stands for more hops than there are.
_MOST_FORWARDS = 999_999_999


def onward(headers: Headers) -> Headers:
    """The headers of a request that go on, with neither Host nor framing, nor what looks like it."""
    return [
        (name, value)
        for name, value in _without(headers, _ONE_HOP)
        if not (name.startswith(_BEGINS_LIKE_FRAMING) and _LOOKS_LIKE_FRAMING.fullmatch(name))
    ]


def back(headers: Headers) -> Headers:
    """The headers of a response that go back, without framing."""
    return _without(headers, _NOT_FROM_SERVERS)


def request_bytes(head: RequestHead, headers: Headers, host: bytes, length: int | None) -> bytes:
    """The head of the request to a server; `length` of the body, CHUNKED, or None where there is no body."""
    framing = b""
    if length == CHUNKED:
        framing = b"transfer-encoding: chunked\r\n"
    elif length is not None:
        framing = b"content-length: %d\r\n" % length
    line = b"%b %b HTTP/1.1\r\nhost: %b\r\n" % (head.method, head.target, host)
    return b"%b%b%b\r\n" % (line, header_lines(headers), framing)


def one_hop_less(headers: Headers) -> tuple[Headers, bool]:
    """Max-Forwards of OPTIONS and TRACE counted down, and whether the request may go on (RFC 9110, 7.6.2)."""
    counted: Headers = []
    for name, value in headers:
        if name != b"max-forwards" or not value.isdigit():
            counted.append((name, value))
            continue
        # As many digits as tell that it is above the largest: a number of thousands is no number to Python.
        hops = int(value.lstrip(b"0")[:10] or b"0")
        if hops == 0:
            return headers, False
        counted.append((name, b"%d" % min(hops - 1, _MOST_FORWARDS)))
    return counted, True


def _without(headers: Headers, dropped: frozenset[bytes]) -> Headers:
    named = [value for name, value in headers if name == b"connection"]
    if named:
        dropped = dropped | {token.strip(b" \t").lower() for value in named for token in value.split(b",")}
    return [(name, value) for name, value in headers if name not in dropped]
