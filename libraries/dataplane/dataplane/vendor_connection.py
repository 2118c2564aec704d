"""One connection to a vendor: writes a request, reads its answer in bounded memory, and knows if it can be reused."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import cast

import httptools

from dataplane.ports import Headers
from dataplane.refusals import UpstreamFailed

LARGEST_HEAD = 64 << 10
MOST_BUFFERED = 256 << 10


class VendorConnection(asyncio.Protocol):
    """Carries one exchange at a time; `released` is told when one is over, and whether the connection may be reused."""

    def __init__(self, released: Callable[["VendorConnection", bool], None]) -> None:
        self._released = released
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._exchange: VendorResponse | None = None
        self.idle_since = 0.0

    @property
    def is_usable(self) -> bool:
        """Whether a request may be written: connected, idle, not closing."""
        return self._transport is not None and self._exchange is None and not self._transport.is_closing()

    async def exchange(self, request: bytes) -> "VendorResponse":
        """Write a request and wait for the head of its answer; raises UpstreamFailed."""
        response = self._exchange = VendorResponse(self)
        try:
            self._carrier().write(request)
            await response.head
        except BaseException:
            self.drop()
            raise
        return response

    def over(self, reusable: bool) -> None:
        """The exchange ended; the connection goes back or is dropped."""
        if self._exchange is None:
            return
        self._exchange = None
        reusable = reusable and self.is_usable
        if reusable:
            self.idle_since = self._loop.time()
            self._carrier().resume_reading()
        else:
            self.drop()
        self._released(self, reusable)

    def drop(self) -> None:
        """Close at once, whatever is in flight."""
        if self._transport is not None:
            self._transport.abort()
        if self._exchange is not None:
            self.over(reusable=False)

    def hold(self, wait: bool) -> None:
        """Stop reading while the caller is slow, or go on."""
        if self._transport is None or self._transport.is_closing():
            return
        if wait:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer; bytes that nobody asked for end the connection."""
        if self._exchange is None:
            self.drop()
        else:
            self._exchange.feed(data)

    def eof_received(self) -> bool:
        """The vendor will send no more, which ends an answer without a length."""
        if self._exchange is not None:
            self._exchange.ended_by_close()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        del exc
        if self._exchange is not None:
            self._exchange.ended_by_close()
        self._transport = None

    def _carrier(self) -> asyncio.Transport:
        if self._transport is None:
            raise UpstreamFailed("The connection to the provider is gone.")
        return self._transport


class VendorResponse:
    """An answer as it arrives; also the parser's callbacks."""

    def __init__(self, connection: VendorConnection) -> None:
        self._connection = connection
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._buffered = 0
        self._head_bytes = 0
        self._complete = False
        self._error: UpstreamFailed | None = None
        self._more: asyncio.Future[None] | None = None
        self.head: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.status = 0

    @property
    def headers(self) -> Headers:
        """Header names in lower case."""
        return self._headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives; reading stops while nobody takes it. Raises UpstreamFailed."""
        while True:
            if self._parts:
                parts, self._parts = self._parts, []
                self._buffered = 0
                self._connection.hold(wait=False)
                yield parts[0] if len(parts) == 1 else b"".join(parts)
            elif self._complete:
                return
            elif self._error is not None:
                raise self._error
            else:
                self._more = asyncio.get_running_loop().create_future()
                await self._more

    async def close(self) -> None:
        """Give the connection up where the answer was not read to its end."""
        if not self._complete:
            self._connection.drop()

    def feed(self, data: bytes) -> None:
        """Bytes from the socket."""
        if not self.head.done():
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail("The provider's answer is not valid HTTP.")
            return
        if not self.head.done() and self._head_bytes > LARGEST_HEAD:
            self._fail("The provider's answer has too large a head.")

    def ended_by_close(self) -> None:
        """The connection is gone: the end of an answer without a length, else a broken one."""
        names = {name for name, _ in self._headers}
        if self.head.done() and not names & {b"content-length", b"transfer-encoding"} and self._error is None:
            self._finish(reusable=False)
        elif not self._complete:
            self._fail("The connection to the provider broke.")

    def on_message_begin(self) -> None:
        """A head begins; an interim one may have come before. After a whole answer nothing may follow."""
        if self._complete:
            self._connection.drop()
        else:
            self._headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if not self._complete:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole; interim answers (1xx) are passed over."""
        if self._complete:
            return
        self.status = self._parser.get_status_code()
        if self.status >= 200 and not self.head.done():
            self.head.set_result(None)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._complete:
            return
        self._parts.append(body)
        self._buffered += len(body)
        if self._buffered > MOST_BUFFERED:
            self._connection.hold(wait=True)
        self._wake()

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self.status >= 200 and not self._complete:
            self._finish(reusable=self._parser.should_keep_alive())

    def _finish(self, reusable: bool) -> None:
        self._complete = True
        self._connection.over(reusable)
        self._wake()

    def _fail(self, message: str) -> None:
        if self._complete or self._error is not None:
            return
        self._error = UpstreamFailed(message)
        if not self.head.done():
            self.head.set_exception(self._error)
        self._connection.drop()
        self._wake()

    def _wake(self) -> None:
        if self._more is not None and not self._more.done():
            self._more.set_result(None)
