"""Reads requests out of a connection's bytes: llhttp finds their parts, RFC 9112 and our bounds judge them."""

from typing import Protocol

import httptools

from wire.known_heads import KnownHeads
from wire.limits import ServerLimits
from wire.request_head import Headers, RequestHead, RequestRefused, checked_head, trimmed

# Sizes of chunks, their extensions and trailers: this much beside the body, and so much for each of its bytes.
_MOST_OVERHEAD = 64 << 10
_OVERHEAD_PER_BYTE = 16
# Each chunk costs the loop microseconds, however short: beyond so many their mean length counts.
_MOST_SHORT_CHUNKS = 4096
_SHORT_BYTES = 16


class RequestSink(Protocol):
    """Who gets the parts of requests, in order."""

    def request_begins(self) -> None:
        """The first byte of a head."""
        ...

    def head_arrived(self, head: RequestHead, length: int | None) -> None:
        """A head that keeps the rules, and what it says of its body's length."""
        ...

    def body_arrived(self, data: bytes) -> None:
        """A part of the body of that head."""
        ...

    def request_complete(self) -> None:
        """That request is whole."""
        ...


class RequestReader:
    """Feeds one connection's sink; also the parser's callbacks, in their order."""

    __slots__ = (
        "_body_seen",
        "_chunked",
        "_chunks",
        "_head_seen",
        "_headers",
        "_known",
        "_limits",
        "_parser",
        "_seen",
        "_sink",
        "_target",
        "_unread",
        "in_head",
        "is_between",
    )

    def __init__(self, sink: RequestSink, limits: ServerLimits, known: KnownHeads[RequestHead]) -> None:
        self._sink = sink
        self._known = known
        # Bytes that begin with a head, until it is read.
        self._unread = b""
        self._limits = limits
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: Headers = []
        # Whether the last byte read was one of a head; and whether it was neither that nor one of a body.
        self.in_head = False
        self.is_between = True
        self._head_seen = self._seen = self._body_seen = self._chunks = 0
        self._chunked = False

    def feed(self, data: bytes) -> None:
        """Read on; raises RequestRefused, after which nothing more can be read."""
        self._unread = data if self.is_between else b""
        self._seen += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # What follows speaks another protocol, which is not spoken here; the head's reader asked for the close.
            return
        except httptools.HttpParserCallbackError as error:
            if error.__context__ is None:
                raise RequestRefused(400, "The request cannot be read.") from error
            raise error.__context__ from None
        except httptools.HttpParserError as error:
            raise RequestRefused(400, f"The request is not valid HTTP/1.1: {error}") from error
        self._bound()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._target, self._headers = b"", []
        self._head_seen = self._seen
        self.in_head = True
        self.is_between = False
        self._sink.request_begins()

    def on_url(self, url: bytes) -> None:
        """The request target, or a part of it."""
        self._target += url
        if len(self._target) > self._limits.target_bytes:
            raise RequestRefused(414, "The request target is too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or one trailer, which is left out (RFC 9110, 6.5)."""
        if not self.in_head:
            return
        self._headers.append((name.lower(), trimmed(value)))
        if len(self._headers) > self._limits.headers:
            raise RequestRefused(431, f"More than {self._limits.headers} headers.")

    def on_headers_complete(self) -> None:
        """The head is whole."""
        size = len(self._target)
        for name, value in self._headers:
            size += len(name) + len(value) + 4
        if size > self._limits.head_bytes:
            raise RequestRefused(431, "The head is too large.")
        parser = self._parser
        head, length = checked_head(parser.get_method(), self._target, self._headers, parser.get_http_version())
        if self._unread and not (head.chunked or head.expects_continue or head.wants_close):
            self._known.learn(self._unread, head, len(self._headers), length)
        self._unread = b""
        self.in_head = False
        self._chunked = head.chunked
        self._seen = self._body_seen = self._chunks = 0
        self._sink.head_arrived(head, length)

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._body_seen += len(body)
        if self._chunked:
            self._chunks += 1
            if self._chunks > _MOST_SHORT_CHUNKS + self._body_seen // _SHORT_BYTES:
                raise RequestRefused(400, "The chunks are too small: send longer ones.")
        self._sink.body_arrived(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        self.is_between = True
        self._seen = self._body_seen = self._head_seen = 0
        self._sink.request_complete()

    def _bound(self) -> None:
        """Bytes that were parsed and were neither a head within its bound nor a body."""
        if self.in_head or self.is_between:
            if self._seen - self._head_seen > self._limits.head_bytes:
                raise RequestRefused(431, "The head is too large.")
        elif self._seen - self._body_seen > _MOST_OVERHEAD + _OVERHEAD_PER_BYTE * self._body_seen:
            raise RequestRefused(400, "The chunks are too small, or carry too much beside the body.")
