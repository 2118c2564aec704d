"""One connection to a server: writes a request, hands on its response as it comes, and knows if it can be reused."""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

from wire.errors import Broken
from wire.home import Home
from wire.known_heads import HeadsInTurn
from wire.outbox import Outbox
from wire.reply_head import FRAMING, framing_is_plain
from wire.request_head import Headers, size_of
from wire.response_head import ResponseHeads, learn_response
from wire.taker import Taker
from wire.ticker import NEVER

_HIGH_WATER = 64 << 10
_MOST_STRANGE = 8


class ClientConnection(asyncio.Protocol):
    """Carries one exchange at a time; also the parser's callbacks."""

    __slots__ = (
        "_bodiless",
        "_head_bytes",
        "_headers",
        "_heads",
        "_held",
        "_home",
        "_known",
        "_most_head",
        "_outbox",
        "_over_reusable",
        "_parser",
        "_request_at_once",
        "_request_done",
        "_status",
        "_strange",
        "_taker",
        "_transport",
        "_unread",
        "deadline",
        "is_closing",
    )

    def __init__(self, home: "Home[ClientConnection]", most_head: int, known: ResponseHeads, outbox: Outbox) -> None:
        self._home = home
        self._outbox = outbox
        self._known = known
        self._heads = HeadsInTurn(known)
        # Heads in a row that were not known: with enough of them this server's heads are each its own.
        self._strange = 0
        # Bytes that begin with a head, until it is read.
        self._unread = b""
        self._most_head = most_head
        self._transport: asyncio.Transport | None = None
        # The transport's own, for each request asks.
        self.is_closing: Callable[[], bool] = _is_gone
        self._taker: Taker | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: Headers = []
        self._head_bytes = 0
        self._status = 0
        self._request_done = self._request_at_once = True
        self._bodiless = False
        self._held = False
        # Once the parser has seen the response's end: whether the connection can be used again.
        self._over_reusable: bool | None = None
        # While idle: until when it may be used again.
        self.deadline = NEVER

    @property
    def was_heard(self) -> bool:
        """Whether any byte of a response to the last request came."""
        return self._head_bytes > 0

    def unused(self) -> None:
        """Give it back without having sent anything."""
        self._home.released(self, self._taker is None and not self.is_closing())

    def take_back(self) -> bool:
        """Withdraw a whole request, if it has not left the outbox yet: as if nothing had been sent."""
        withdrawn = self._transport is not None and self._outbox.withdraw(self._transport)
        if withdrawn and self._taker is not None:
            self._taker = None
            self.unused()
        return withdrawn

    def send(self, data: bytes, taker: Taker, done: bool = True, bodiless: bool = False) -> None:
        """Begin an exchange with these bytes of the request: `done` where they are all of it.

        `bodiless` where the response has a head alone, whatever its length says, as for HEAD.
        """
        self._taker = taker
        self._bodiless = bodiless
        self._request_done = self._request_at_once = done
        if self._transport is None:
            self._break("The connection is gone.")
        else:
            self._outbox.post(self._transport, data)

    def send_more(self, data: bytes, done: bool) -> None:
        """Further bytes of the request."""
        self._request_done = done
        if self._transport is not None and data:
            self._outbox.post(self._transport, data)

    def hold(self, wait: bool) -> None:
        """Stop reading while nobody has room for the response, or go on."""
        transport = self._transport
        if wait is self._held or transport is None or transport.is_closing():
            return
        self._held = wait
        if wait:
            transport.pause_reading()
        else:
            transport.resume_reading()

    def drop(self) -> None:
        """Close at once, whatever is in flight; the taker hears nothing more."""
        taker, self._taker = self._taker, None
        if self._transport is not None:
            # A request that was to leave has left: whoever sent it counts it as sent.
            self._outbox.empty()
            self._transport.abort()
        if taker is not None:
            self._home.released(self, reusable=False)

    def late(self) -> None:
        """It was idle for so long that its server may be closing it."""
        if self._taker is None:
            self._home.stale(self)
            self.drop()

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there."""
        self._transport = carrier = cast("asyncio.Transport", transport)
        self.is_closing = carrier.is_closing
        carrier.set_write_buffer_limits(_HIGH_WATER)

    def data_received(self, data: bytes) -> None:
        """Bytes of a response; bytes that nobody asked for end the connection."""
        self._outbox.come_soon()
        taker = self._taker
        if taker is None:
            self.drop()
            return
        if not self._status and self._is_done_with(data, taker):
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._not_read(error)
        if self._over_reusable is not None:
            # Not before the parser is done with the bytes: the next exchange would get what is left of them.
            self._over(self._over_reusable)
        elif not self._status and self._head_bytes > self._most_head:
            self._break("The response has too large a head.")

    def _is_done_with(self, data: bytes, taker: Taker) -> bool:
        """Whether bytes of a head need no parser: they are a whole response with a head that is known, or no answer."""
        if not self._head_bytes:
            if self._request_at_once and self._transport and self._outbox.holds(self._transport):
                self._break("The server answered before it was asked.")
                return True
            if self._strange < _MOST_STRANGE:
                whole = None if self._bodiless else self._heads.whole(data)
                if whole is not None:
                    self._strange = 0
                    self._go_home(self._request_done)
                    taker.answered(whole[0], whole[2])
                    return True
                self._strange += 1
                self._unread = data
        self._head_bytes += len(data)
        return False

    def _not_read(self, error: Exception) -> None:
        if self._over_reusable is not None:
            # It is what followed a whole response.
            self._over_reusable = False
            return
        if not isinstance(error, httptools.HttpParserCallbackError):
            self._break("The response is not valid HTTP/1.1.")
            return
        self._break("The response could not be taken.")
        if error.__context__ is not None:
            raise error.__context__ from None

    def _learn(self, status: int) -> None:
        """Remember a head after which the connection can be used again, for the next response."""
        data, self._unread = self._unread, b""
        if data and not self._bodiless and self._parser.should_keep_alive():
            learn_response(self._known, data, status, self._headers)

    def eof_received(self) -> bool:
        """The server will send no more, which ends a response without a length."""
        self._ended_by_close()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        if self._taker is None:
            self._home.stale(self)
        self._ended_by_close(is_clean=exc is None)
        self._transport = None
        self.is_closing = _is_gone

    def pause_writing(self) -> None:
        """The server takes the request slower than it comes."""
        if self._taker is not None:
            self._taker.room(False)

    def resume_writing(self) -> None:
        """There is room again."""
        if self._taker is not None:
            self._taker.room(True)

    # The parser's callbacks.

    def on_message_begin(self) -> None:
        """A head begins; an interim one may have come before. After a whole response nothing may follow."""
        if self._over_reusable is not None:
            self._over_reusable = False
        else:
            self._headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; trailers are left out."""
        if not self._status:
            self._headers.append((name.lower(), value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        status = self._parser.get_status_code()
        if status < 200 or self._taker is None or self._over_reusable is not None:
            self._unread = b""
            return
        self._status = status
        # A head is no larger than all that came so far.
        if self._head_bytes > self._most_head and size_of(self._headers) > self._most_head:
            self._break("The response has too large a head.")
            return
        if not framing_is_plain(self._headers):
            self._break("The response's length is ambiguous (RFC 9112, 6.3).")
            return
        self._learn(status)
        self._taker.head_came(status, self._headers)
        if self._bodiless:
            self._over_reusable = False

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._taker is not None and self._over_reusable is None:
            self._taker.body_came(body)

    def on_message_complete(self) -> None:
        """The response is whole."""
        if self._status and self._taker is not None and self._over_reusable is None:
            self._over_reusable = self._parser.should_keep_alive() and self._request_done

    # How an exchange ends.

    def _over(self, reusable: bool) -> None:
        taker, self._over_reusable = self._taker, None
        if taker is not None:
            self._status = self._head_bytes = 0
            self._go_home(reusable)
            taker.ended()

    def _go_home(self, reusable: bool) -> None:
        """Be there for the next exchange before the taker of this one hears that it is over."""
        self._taker = None
        if self._held:
            self.hold(wait=False)
        self._home.released(self, reusable)

    def _break(self, why: str) -> None:
        taker = self._taker
        self.drop()
        if taker is not None:
            taker.broken(Broken(why))

    def _ended_by_close(self, is_clean: bool = True) -> None:
        if self._taker is None:
            return
        without_length = not any(name in FRAMING for name, _ in self._headers)
        if is_clean and self._status and without_length:
            self._over(reusable=False)
        else:
            self._break("The connection broke.")


def _is_gone() -> bool:
    return True
