"""A server's response on its way back to the caller."""

from typing import Protocol

from wire.client_connection import ClientConnection
from wire.errors import Broken
from wire.exchange import Exchange
from wire.relay import Passage
from wire.relay_head import back, length_of
from wire.reply_head import header_lines
from wire.request_head import Headers


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

    def whole(self) -> None:
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

    def head_came(self, status: int, headers: Headers) -> None:
        """The head; it waits for the first part of a body whose length is known."""
        relayed = self._relayed
        self._status, self._headers, self._length = status, back(headers), length_of(headers)
        relayed.heard()
        try:
            self._lines = header_lines(self._headers)
        except ValueError:
            relayed.refuse(502, "The server's answer is not valid.")
            return
        relayed.answered(status)
        if relayed.amend(self, status):
            self._amending = True
            self._connection.hold(wait=True)
        elif self._length is None and relayed.exchange.head.method != b"HEAD":
            self._begin()

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
        self._ended = True
        if self._amending:
            return
        relayed, exchange = self._relayed, self._relayed.exchange
        parts, self._parts = self._parts, []
        relayed.whole()
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

    def _begin(self) -> None:
        self._relayed.exchange.begin(self._status, self._lines, self._length)
