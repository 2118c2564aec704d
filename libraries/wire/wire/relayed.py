"""One request on its way to a server: its body collected or streamed, sent, and sent again at most once."""

import asyncio

from wire.client_connection import ClientConnection
from wire.errors import Broken, NotSent
from wire.exchange import STREAMS, Exchange
from wire.origin import Origin
from wire.relay import Passage, Relay
from wire.relay_head import CHUNKED, one_hop_less, onward, request_bytes
from wire.relayed_response import RelayedResponse
from wire.request_head import Headers
from wire.ticker import NEVER

_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS"})
_COUNTED = frozenset({b"OPTIONS", b"TRACE"})
_MOST_TRIES = 2


class Relayed:
    """The receiver of a relayed request."""

    __slots__ = (
        "_connection",
        "_going",
        "_has_place",
        "_headers",
        "_is_large",
        "_loop",
        "_parts",
        "_passage",
        "_permitted",
        "_relay",
        "_size",
        "_task",
        "_tries",
        "_waits",
        "_whole",
        "deadline",
        "exchange",
        "most_body",
        "over",
    )

    def __init__(self, relay: Relay, exchange: Exchange, passage: Passage) -> None:
        self._relay = relay
        self._passage = passage
        self._loop = asyncio.get_running_loop()
        self._connection: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._parts: list[bytes] = []
        self._headers: Headers = []
        self._size = self._tries = 0
        self._permitted = not passage.asks_first
        self._is_large = self._has_place = self._waits = self._going = self._whole = False
        self.exchange = exchange
        self.most_body = STREAMS
        self.over = False
        self.deadline = NEVER

    def begin(self) -> None:
        """Refuse at once what is known to be too large; ask whether the rest may go on."""
        limits = self._relay.limits
        self.deadline = self._loop.time() + limits.small_seconds
        self._relay.ticker.watch(self)
        if (self.exchange.length or 0) > limits.body_bytes:
            self.refuse(413, f"The body may have at most {limits.body_bytes} bytes.")
        elif not self._permitted:
            self._task = self._relay.run(self._ask(), self)

    # The caller's side.

    def arrived(self, data: bytes) -> None:
        """A part of the body: kept until it is sent, sent as it comes once its head is."""
        limits = self._relay.limits
        self._size += len(data)
        if self.over:
            return
        if self._size > limits.body_bytes:
            self.refuse(413, f"The body may have at most {limits.body_bytes} bytes.")
        elif self._connection is not None:
            self._send_part(self._connection, data, done=False)
        else:
            self._parts.append(data)
            if self._size > limits.small_bytes:
                self._is_large = True
                self.exchange.hold(wait=True)
                self.exchange.body_within(limits.large_seconds)
                self.go_on()

    def complete(self, body: bytes) -> None:
        """The body is whole."""
        del body
        self._whole = True
        if self._connection is not None:
            self._send_part(self._connection, b"", done=True)
        else:
            self.go_on()

    def gone(self) -> None:
        """The caller left: so does its request."""
        self.finish()

    def room(self, has_room: bool) -> None:
        """Whether the caller takes the response; while it does not, the server may be silent."""
        if self._connection is not None:
            self.deadline = self._loop.time() + self._relay.limits.silence_seconds if has_room else NEVER
            self._connection.hold(wait=not has_room)

    def refusal(self, status: int, reason: str) -> tuple[bytes, bytes] | None:
        """The engine's refusals, in the words of the relay's owner."""
        return self._passage.words(status, reason)[1:]

    def late(self) -> None:
        """Nothing came, from whichever side it was awaited."""
        if self._waits:
            self.refuse(503, "Too many large bodies are on their way: try again.")
        elif not self._going:
            self.refuse(408, "The body did not arrive in time: send it faster.")
        else:
            self.refuse(504, "The server did not answer in time: try again later.")

    # On its way.

    def go_on(self, has_place: bool = False) -> None:
        """Go as far as can be gone now."""
        self._has_place = self._has_place or has_place
        if self.over or self._going or not self._permitted or not (self._whole or self._is_large):
            return
        if self._is_large and not self._has_place:
            if not self._waits:
                self._has_place = self._relay.has_place(self)
                self._waits = not self._has_place
                self.deadline = self._loop.time() + self._relay.limits.place_seconds
            if not self._has_place:
                return
        self._waits, self._going = False, True
        if not self._tell():
            return
        connection = self._relay.client.idle(self._passage.origin)
        if connection is None:
            self.deadline = NEVER
            self._task = self._relay.run(self._connect(), self)
        else:
            self._send(connection)

    def heard(self) -> None:
        """The server said something: it may be silent as long again."""
        self.deadline = self._loop.time() + self._relay.limits.silence_seconds

    def failed(self, error: Broken, was_heard: bool) -> None:
        """The connection broke: ask once more where that changes nothing, else say so."""
        self._connection = None
        again = not was_heard and self._tries < _MOST_TRIES and self.exchange.head.method in _SAFE and not self._size
        if again and not self.over:
            self._going = False
            self.go_on()
        else:
            self.refuse(502, f"The server broke its answer off: {error}")

    def refuse(self, status: int, reason: str) -> None:
        """End with a refusal of ours, or in the middle of a reply that has begun."""
        exchange = self.exchange
        self.finish()
        if exchange.ended:
            return
        if exchange.begun:
            exchange.abort()
        else:
            exchange.reply(*self._passage.words(status, reason))

    def finish(self) -> None:
        """Nothing more is done for this request."""
        if self.over:
            return
        self.over = True
        self._relay.ticker.forget(self)
        self._parts = []
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.drop()
        if self._task is not None and not self._task.done() and self._task is not asyncio.current_task():
            self._task.cancel()
        if self._has_place:
            self._relay.give_place()

    def answered(self, status: int) -> None:
        """The response has begun."""
        self._passage.answered(status)

    def went_home(self) -> None:
        """The response is here, and its connection may be another's."""
        self._connection = None

    def amend(self, response: RelayedResponse, status: int) -> bool:
        """Whether the response's headers must be asked for first."""
        if status not in self._passage.amends:
            return False
        self._task = self._relay.run(response.amended_by(self._passage), self)
        return True

    async def _ask(self) -> None:
        refused = await self._passage.permit()
        if self.over:
            return
        if refused is None:
            self._permitted = True
            self.go_on()
        else:
            self.finish()
            self.exchange.reply(*refused)

    async def _connect(self) -> None:
        try:
            connection = await self._relay.client.connection(self._passage.origin)
        except NotSent:
            self.refuse(503, "The server cannot be reached: try again later.")
            return
        if self.over:
            connection.unused()
        else:
            self._send(connection)

    def _tell(self) -> bool:
        """Decide what the server is told, before there is a connection that a fault in it would leave taken for ever.

        False where the request goes no further and is answered here.
        """
        head, passage = self.exchange.head, self._passage
        headers = onward(head.headers)
        if head.method in _COUNTED:
            headers, may_go = one_hop_less(headers)
            if not may_go:
                self._answer_here()
                return False
        self._headers = [*passage.request_headers(headers), (b"via", b"1.1 " + self._relay.name)]
        return True

    def _send(self, connection: ClientConnection) -> None:
        head = self.exchange.head
        body = b"".join(self._parts)
        length = self._length(body)
        sent = request_bytes(head, self._headers, _host(self._passage.origin), length)
        self._parts = []
        self._connection = connection
        self._tries += 1
        self.heard()
        response = RelayedResponse(self, connection)
        first = sent + (_chunk(body, self._whole) if length == CHUNKED else body)
        connection.send(first, response, self._whole, bodiless=head.method == b"HEAD")
        if not self._whole and not self.over:
            self.exchange.hold(wait=False)

    def _answer_here(self) -> None:
        if self.exchange.head.method == b"OPTIONS":
            self.finish()
            self.exchange.reply(204, b"", b"")
        else:
            self.refuse(501, "Max-Forwards ends here, and this server traces no requests.")

    def _length(self, body: bytes) -> int | None:
        chunked, length = self.exchange.head.chunked, self.exchange.length
        if self._whole:
            return len(body) if chunked or length is not None else None
        return CHUNKED if chunked else length

    def _send_part(self, connection: ClientConnection, data: bytes, done: bool) -> None:
        self.heard()
        connection.send_more(_chunk(data, done) if self.exchange.head.chunked else data, done)


def pass_on(relay: Relay, exchange: Exchange, passage: Passage) -> Relayed:
    """Take a request; its body is taken as it comes."""
    relayed = Relayed(relay, exchange, passage)
    relayed.begin()
    return relayed


def _chunk(data: bytes, done: bool) -> bytes:
    chunk = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
    return chunk + b"0\r\n\r\n" if done else chunk


def _host(origin: Origin) -> bytes:
    name = f"[{origin.host}]" if ":" in origin.host else origin.host
    port = "" if origin.port == (443 if origin.tls else 80) else f":{origin.port}"
    return f"{name}{port}".encode("ascii")
