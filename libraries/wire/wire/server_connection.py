"""One connection of a caller: hands requests out one at a time, writes replies in order, ends on time."""

import asyncio
from collections import deque

from wire.caller_line import CallerLine
from wire.exchange import STREAMS, Exchange
from wire.known_heads import HeadsInTurn
from wire.reply_head import status_line
from wire.request_head import RequestHead, RequestRefused
from wire.request_reader import RequestReader
from wire.server_state import ServerState

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# What may come ahead of its turn before reading stops; who reads also hears that its caller has left.
_MOST_AHEAD = 64 << 10
_MOST_QUEUED = 16
# Bodies up to this do not count among those that are held for their receivers: connections bound them.
_LITTLE = 16 << 10


class ServerConnection(CallerLine):
    """One request is active at a time; those after it wait, and reading stops where too much of them comes."""

    __slots__ = ("_active", "_advancing", "_ahead", "_heads", "_poison", "_queue", "_reader", "_reading")

    def __init__(self, state: ServerState) -> None:
        super().__init__(state)
        self._reader = RequestReader(self, state.limits, state.known)
        self._heads = HeadsInTurn(state.known)
        self._active: Exchange | None = None
        self._reading: Exchange | None = None
        self._queue: deque[Exchange] = deque()
        self._poison: RequestRefused | None = None
        self._advancing = False
        self._ahead = 0

    @property
    def is_busy(self) -> bool:
        """Whether a request is under way."""
        return self._active is not None

    def replied(self, exchange: Exchange) -> None:
        """The reply of the active exchange has ended: what comes next."""
        if exchange is not self._active:
            return
        # They know each other: taken apart here, both go at once, and not when a garbage collector comes by.
        self._active = exchange.receiver = None
        if exchange.parts:
            exchange.forget_body()
        if exchange.close:
            self.end(linger=not exchange.done)
        elif self._queue:
            self._advance()
        else:
            self._rest()

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller is there."""
        self.take_up(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone."""
        del exc
        active, self._active = self._active, None
        for waiting in self._queue:
            waiting.forget_body()
        self._queue.clear()
        if active is not None:
            active.forget_body()
            active.ended = True
        self.let_go()
        if active is not None and active.receiver is not None:
            active.receiver.gone()

    def data_received(self, data: bytes) -> None:
        """Bytes of requests. What comes after a refusal is thrown away."""
        self.ticker.outbox.come_soon()
        if self._active is None and self._stalled is None and self._reader.is_between and not self._deaf:
            whole = self._heads.whole(data)
            if whole is not None:
                head, length, body = whole
                self._activate(Exchange(self, head, length, close=False, done=True), body)
                return
        if self._deaf or self._poison is not None:
            return
        try:
            self._reader.feed(data)
        except RequestRefused as refusal:
            self._spoil(refusal)
        if self._queue:
            self._ahead += len(data)
            if self._ahead > _MOST_AHEAD or len(self._queue) > _MOST_QUEUED:
                self.hold(wait=True)

    def eof_received(self) -> bool:
        """A caller that says no more is taken as gone: who waits for a reply keeps its side open."""
        return False

    def pause_writing(self) -> None:
        """The caller takes its reply slower than it comes."""
        if self._deaf:
            return
        self.stuck()
        if self._active is not None and self._active.receiver is not None:
            self._active.receiver.room(False)

    def resume_writing(self) -> None:
        """There is room again."""
        if self._deaf:
            return
        self._stalled = None
        active = self._active
        if active is None:
            self._advance()
            return
        if not active.done:
            self.due(self.state.limits.body_seconds)
        if active.receiver is not None:
            active.receiver.room(True)

    def late(self) -> None:
        """A deadline passed: of an idle connection, of a request that does not come, or of a reply nobody takes."""
        active = self._active
        if active is None or self._stalled is not None or (active.begun and not active.done):
            super().late()
        elif not active.done:
            self._fail(active, RequestRefused(408, "The body did not arrive in time."))

    def drain(self) -> None:
        """No further request: close now where none is under way, else after its reply."""
        if self._active is None:
            super().drain()
        else:
            self._active.close = True

    # The reader's side.

    def request_begins(self) -> None:
        """The first byte of a head."""
        if self._active is None:
            self.due(self.state.limits.head_seconds)

    def head_arrived(self, head: RequestHead, length: int | None) -> None:
        """A head: its turn is now, or after the requests before it."""
        exchange = self._reading = Exchange(self, head, length, close=head.wants_close)
        if self._active is None and self._stalled is None and not self._deaf:
            self._activate(exchange)
        elif len(self._queue) < self.state.limits.pipelined:
            self._queue.append(exchange)
        else:
            raise RequestRefused(429, "Too many requests wait on this connection: send them after their replies.")

    def body_arrived(self, data: bytes) -> None:
        """A part of a body."""
        exchange = self._reading
        if exchange is None or exchange.ended:
            return
        if exchange is self._active:
            exchange.take(data)
        else:
            exchange.keep(data)

    def request_complete(self) -> None:
        """A request is whole."""
        exchange, self._reading = self._reading, None
        if exchange is None:
            return
        exchange.done = True
        if exchange is self._active:
            self._complete(exchange)

    # The life of an exchange.

    def _advance(self) -> None:
        """Whose turn it is; nobody's while the caller does not take the replies before."""
        if self._advancing:
            return
        self._advancing = True
        try:
            while self._queue and self._active is None and self._stalled is None and not self._deaf:
                exchange = self._queue.popleft()
                if exchange is self._reading:
                    self.hold(wait=False)
                self._activate(exchange)
        finally:
            self._advancing = False
        if not self._queue:
            self._ahead = 0
            if self._active is None and not self._deaf:
                self._rest()

    def _rest(self) -> None:
        """Nothing is under way: what is awaited of the caller."""
        if self._poison is not None:
            self._refuse(self._poison)
            return
        limits = self.state.limits
        self.due(limits.head_seconds if self._reader.in_head else limits.idle_seconds)
        if self._held:
            self.hold(wait=False)

    def _activate(self, exchange: Exchange, body: bytes | None = None) -> None:
        """The request whose turn it is; with its body where all came in one piece, and nothing else is here."""
        self._active = exchange
        try:
            receiver = exchange.receiver = self.state.accept(exchange)
            if body is not None and len(body) <= receiver.most_body and len(body) <= _LITTLE and not exchange.ended:
                receiver.complete(body)
                return
        except Exception as fault:  # Whatever it was, it is this request's alone.
            self._broke(exchange, fault)
            return
        if exchange.ended:
            return
        if body is not None:
            exchange.parts.append(body)
        try:
            if not exchange.done:
                self._await_body(exchange, receiver.most_body)
            exchange.take_what_waited()
        except RequestRefused as refusal:
            self._fail(exchange, refusal)
        if exchange.done:
            self._complete(exchange)

    def _await_body(self, exchange: Exchange, most: int) -> None:
        if most != STREAMS and (exchange.length or 0) > most:
            raise RequestRefused(413, f"The body is larger than {most} bytes.")
        self.due(self.state.limits.body_seconds)
        if exchange.head.expects_continue and exchange.has_body:
            self.write(_CONTINUE)

    def _complete(self, exchange: Exchange) -> None:
        receiver = exchange.receiver
        if receiver is not None and not exchange.ended:
            parts = exchange.parts
            try:
                receiver.complete(parts[0] if len(parts) == 1 else b"".join(parts))
            except Exception as fault:  # As above.
                self._broke(exchange, fault)

    # How it ends.

    def _broke(self, exchange: Exchange, fault: Exception) -> None:
        """Something of ours failed: the loop's handler is told, and the caller."""
        self._loop.call_exception_handler({"message": "a request broke", "exception": fault, "protocol": self})
        if not exchange.ended:
            self._fail(exchange, RequestRefused(500, "Something of ours failed."))

    def _spoil(self, refusal: RequestRefused) -> None:
        """Nothing after this can be trusted: refuse once the replies before it are out."""
        active = self._active
        if active is not None and not active.done:
            self._fail(active, refusal)
        elif active is None and not self._queue:
            self._refuse(refusal)
        else:
            self._poison = refusal
            self.hold(wait=True)

    def _fail(self, exchange: Exchange, refusal: RequestRefused) -> None:
        """Refuse a request that is under way; one whose reply has begun is cut off."""
        receiver, exchange.receiver = exchange.receiver, None
        if exchange.begun:
            self.abort()
        else:
            exchange.close = True
            own = None if receiver is None else receiver.refusal(refusal.status, refusal.reason)
            headers, body = own or self.state.refusal(refusal.status, refusal.reason)
            exchange.reply(refusal.status, headers, body)
        if receiver is not None:
            receiver.gone()

    def _refuse(self, refusal: RequestRefused) -> None:
        """Answer a request that never became one."""
        headers, body = self.state.refusal(refusal.status, refusal.reason)
        framing = b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.write(status_line(refusal.status) + self.ticker.date + headers + framing + body)
        self.end(linger=True)
