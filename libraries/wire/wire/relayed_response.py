"""A server's response on its way back to the caller."""

from typing import Protocol

from wire.client_connection import ClientConnection
from wire.errors import Broken
from wire.exchange import Exchange
from wire.relay import Passage
from wire.relay_head import back
from wire.reply_head import header_lines
from wire.request_head import Headers, length_of
from wire.response_head import ResponseHead


class Asked(Protocol):
    """The request that this is the response to."""

    exchange: Exchange
    over: bool

    def heard(self) -> None:
        """The server said something."""
        ...

    def answered(self, status: int) -> None:
        """The response has begun."""
        ...

    def amend(self, response: "RelayedResponse", status: int) -> bool:
        """Whether the response's headers must be asked for first."""
        ...

    def went_home(self) -> None:
        """The response is here, and its connection may be another's."""
        ...

    def finish(self) -> None:
        """The response has ended."""
        ...

    def failed(self, error: Broken, was_heard: bool) -> None:
        """No whole response will come."""
        ...

    def refuse(self, status: int, reason: str) -> None:
        """End with a refusal of ours."""
        ...


class RelayedResponse:
    """Takes a response. One that comes in one piece leaves in one."""

    __slots__ = ("_amending", "_connection", "_ended", "_headers", "_length", "_lines", "_parts", "_relayed", "_status")

    def __init__(self, relayed: Asked, connection: ClientConnection) -> None:
        self._relayed = relayed
        self._connection = connection
        self._status = 0
        self._headers: Headers = []
        self._lines = b""
        self._length: int | None = None
        # Parts that wait: for the rest of a whole reply, or for its headers.
        self._parts: list[bytes] = []
        self._amending = self._ended = False

    def answered(self, head: ResponseHead, body: bytes) -> None:
        """All of it."""
        self._ended = True
        self._relayed.went_home()
        self._head(head.status, head.headers, len(body))
        if not self._relayed.over:
            self.body_came(body)
            self.ended()

    def head_came(self, status: int, headers: Headers) -> None:
        """The head; it waits for the first part of a body whose length is known."""
        self._head(status, headers, length_of(headers))

    def body_came(self, data: bytes) -> None:
        """A part of the body."""
        relayed = self._relayed
        relayed.heard()
        if self._amending or (self._length == len(data) and not relayed.exchange.begun):
            self._parts.append(data)
            return
        if not relayed.exchange.begun:
            self._begin()
        relayed.exchange.write(data)

    def ended(self) -> None:
        """The response is whole."""
        relayed, exchange = self._relayed, self._relayed.exchange
        self._ended = True
        relayed.went_home()
        if self._amending:
            return
        parts, self._parts = self._parts, []
        relayed.finish()
        if exchange.begun:
            exchange.end(b"".join(parts))
        elif parts:
            exchange.reply(self._status, self._lines, parts[0])
        else:
            self._begin()
            exchange.end()

    def broken(self, error: Broken) -> None:
        """No whole response will come."""
        self._relayed.failed(error, was_heard=self._connection.was_heard)

    def room(self, has_room: bool) -> None:
        """Whether the server takes the request as fast as the caller sends it."""
        if not self._relayed.over:
            self._relayed.exchange.hold(wait=not has_room)

    async def amended_by(self, passage: Passage) -> None:
        """Ask for the headers, then go on with what came meanwhile."""
        self._lines = header_lines(await passage.amended(self._status, self._headers))
        self._amending = False
        if self._relayed.over:
            return
        self._begin()
        parts, self._parts = self._parts, []
        for part in parts:
            self._relayed.exchange.write(part)
        if self._ended:
            self.ended()
        else:
            self._connection.hold(wait=False)

    def _head(self, status: int, headers: Headers, length: int | None) -> None:
        relayed = self._relayed
        self._status, self._headers, self._length = status, back(headers), length
        relayed.heard()
        try:
            self._lines = header_lines(self._headers)
        except ValueError:
            relayed.refuse(502, "The server's answer is not valid.")
            return
        relayed.answered(status)
        if relayed.amend(self, status):
            self._amending = True
            if not self._ended:
                self._connection.hold(wait=True)
        elif length is None and relayed.exchange.head.method != b"HEAD":
            self._begin()

    def _begin(self) -> None:
        self._relayed.exchange.begin(self._status, self._lines, self._length)
