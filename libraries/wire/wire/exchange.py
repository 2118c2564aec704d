"""One request of a caller and the reply to it."""

from typing import Protocol

from wire.reply_head import BODILESS, NO_CONTENT, status_line
from wire.request_head import RequestHead, RequestRefused
from wire.ticker import Ticker

STREAMS = -1
_CLOSE = b"connection: close\r\n"
_CHUNKED = b"transfer-encoding: chunked\r\n"


class Receiver(Protocol):
    """Takes one request: its body as it arrives, or whole.

    `most_body` is how many bytes are collected before `complete`; more are refused with 413. STREAMS: `arrived` gets
    each part, and `complete` no bytes.
    """

    most_body: int

    def arrived(self, data: bytes) -> None:
        """A part of the body."""
        ...

    def complete(self, body: bytes) -> None:
        """The request is whole."""
        ...

    def gone(self) -> None:
        """The caller left before the reply ended; nothing can be written any more."""
        ...

    def room(self, has_room: bool) -> None:
        """Whether the caller takes its reply as fast as it is written."""
        ...

    def refusal(self, status: int, reason: str) -> tuple[bytes, bytes] | None:
        """Header lines and body of a refusal by the engine, in the words of this path; None: in the server's."""
        ...


class Write(Protocol):
    """Takes bytes to a caller; once it is gone, to nobody."""

    def __call__(self, data: bytes, /) -> object:
        """Write them now, or as soon as they can be."""
        ...


class CallerSide(Protocol):
    """What an exchange needs of its connection."""

    write: Write
    peer: str
    ticker: Ticker

    def abort(self) -> None:
        """End at once."""
        ...

    def hold(self, wait: bool) -> None:
        """Stop reading, or go on."""
        ...

    def collected(self, size: int) -> None:
        """So many bytes more, or less, are held in memory; raises RequestRefused where that is too much."""
        ...

    def due(self, seconds: float) -> None:
        """What is awaited of the caller must have come by then."""
        ...

    def replied(self, exchange: "Exchange") -> None:
        """The reply has ended."""
        ...


class Exchange:
    """A request and its reply. The reply is `reply`, or `begin`, `write`..., `end`; each returns at once.

    `length` is what the request's Content-Length says, None where there is none; `close` whether no request follows,
    `done` whether all of the request is here.
    """

    __slots__ = (
        "_bodiless",
        "_chunked",
        "_left",
        "begun",
        "close",
        "connection",
        "done",
        "ended",
        "head",
        "length",
        "parts",
        "receiver",
        "size",
    )

    def __init__(
        self, connection: CallerSide, head: RequestHead, length: int | None, *, close: bool, done: bool = False
    ) -> None:
        self.connection = connection
        self.head = head
        self.length = length
        self.close = close
        self.done = done
        self.receiver: Receiver | None = None
        self.parts: list[bytes] = []
        self.size = 0
        self.begun = self.ended = False

    @property
    def peer(self) -> str:
        """The address of the caller's end of the connection."""
        return self.connection.peer

    @property
    def has_body(self) -> bool:
        """Whether bytes follow the request's head."""
        return self.head.chunked or bool(self.length)

    def reply(self, status: int, headers: bytes, body: bytes) -> None:
        """The whole reply; `headers` are whole lines."""
        if self.begun:
            return
        length = b"" if status in BODILESS else b"content-length: %d\r\n" % len(body)
        if not length or self.head.method == b"HEAD":
            body = b""
        self._open(status, headers, length, body)
        self.ended = True
        self.connection.replied(self)

    def begin(self, status: int, headers: bytes, length: int | None = None) -> None:
        """The head of a reply whose body follows; without a length it is chunked, for HTTP/1.0 until the close."""
        if self.begun:
            return
        # The reply has a head alone, whatever is written.
        self._bodiless = status in BODILESS or self.head.method == b"HEAD"
        self._chunked = False
        # Bytes of the promised length that are still to be written.
        self._left: int | None = None
        framing = b""
        if length is not None and status != NO_CONTENT:
            framing = b"content-length: %d\r\n" % length
            self._left = None if self._bodiless else length
        elif status not in BODILESS and not self.head.http10:
            framing = _CHUNKED
            self._chunked = not self._bodiless
        self._open(status, headers, framing)

    def write(self, data: bytes) -> None:
        """A part of the reply's body; more than its promised length ends the connection instead."""
        if not data or self.ended:
            return
        if self._chunked:
            self.connection.write(b"%x\r\n%b\r\n" % (len(data), data))
        elif not self._bodiless:
            self._write_counted(data)

    def end(self, data: bytes = b"") -> None:
        """The last part of the reply's body; where the promised length was not reached, the connection breaks."""
        if self.ended:
            return
        if self._chunked:
            self.connection.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n")
        else:
            self.write(data)
        if self._left:
            self.abort()
        self.ended = True
        self.connection.replied(self)

    def abort(self) -> None:
        """End the connection in mid-reply, so that the caller knows that it is not whole."""
        self.connection.abort()

    def take(self, data: bytes) -> None:
        """A part of the body for the receiver, now or when it is whole; raises RequestRefused where it is too much."""
        receiver = self.receiver
        if receiver is None or self.ended:
            return
        if receiver.most_body == STREAMS:
            receiver.arrived(data)
        elif self.size + len(data) > receiver.most_body:
            raise RequestRefused(413, f"The body is larger than {receiver.most_body} bytes.")
        else:
            self.keep(data)

    def keep(self, data: bytes) -> None:
        """A part of the body for later; raises RequestRefused where all callers together sent too much."""
        self.parts.append(data)
        self.size += len(data)
        self.connection.collected(len(data))

    def take_what_waited(self) -> None:
        """What came while other requests were answered; raises RequestRefused."""
        parts = self.parts
        if parts:
            self.forget_body()
            for part in parts:
                self.take(part)

    def forget_body(self) -> None:
        """Nobody needs the collected bytes any more."""
        self.connection.collected(-self.size)
        self.parts, self.size = [], 0

    def hold(self, wait: bool) -> None:
        """Stop taking the request's body while nobody has room for it, or go on."""
        self.connection.hold(wait)

    def body_within(self, seconds: float) -> None:
        """How long the rest of the request's body may take from now, instead of what its server allows."""
        if not self.done:
            self.connection.due(seconds)

    def _write_counted(self, data: bytes) -> None:
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                self.abort()
                return
        self.connection.write(data)

    def _open(self, status: int, headers: bytes, framing: bytes, body: bytes = b"") -> None:
        """Write the head, and what of the body is here. After a body that nobody waits for comes no next request."""
        self.begun = True
        connection = self.connection
        if self.close or (not self.done and self.has_body):
            self.close = True
            framing += _CLOSE
        head = status_line(status), connection.ticker.date, headers, framing
        connection.write(b"%b%b%b%b\r\n%b" % (*head, body))
