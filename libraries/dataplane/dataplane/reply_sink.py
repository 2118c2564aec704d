"""The caller's end of a call: an ASGI reply that knows whether it has begun."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from chassis.errors import MarketplaceError
from dataplane.call_facts_shown import HeaderList, error_headers
from dataplane.wire_formats.openai.errors import error_body, error_event

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]


class ReplySink:
    """Sends one reply, whole or in parts; each send waits until the caller's side has room."""

    __slots__ = ("_send", "begun")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def begin(self, status: int, headers: HeaderList) -> None:
        """Send the head."""
        self.begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def part(self, data: bytes) -> None:
        """Send a part of the body."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def last(self, data: bytes) -> None:
        """Send the end of the body."""
        await self._send({"type": "http.response.body", "body": data})

    async def whole(self, status: int, headers: HeaderList, body: bytes) -> None:
        """Send a reply of known length."""
        await self.begin(status, [*headers, (b"content-length", b"%d" % len(body))])
        await self.last(body)

    async def fail(self, error: MarketplaceError, request_id: str) -> None:
        """Send an error of ours: as a reply, or inside the stream that has begun."""
        if self.begun:
            await self.last(error_event(error))
            return
        headers = [
            (b"content-type", b"application/json"),
            (b"x-request-id", request_id.encode()),
            *error_headers(error),
        ]
        await self.whole(error.http_status, headers, error_body(error))
