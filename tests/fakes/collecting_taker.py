"""Takes a response of the engine's client and keeps it."""

import asyncio

from wire.client import Client
from wire.client_connection import ClientConnection
from wire.errors import Broken
from wire.origin import Origin
from wire.request_head import Headers
from wire.response_head import ResponseHead


class CollectingTaker:
    """Status, headers and body as they come; `whole` ends with the response, or with what broke it."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: Headers = []
        self.body = b""
        self.head: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.whole: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def answered(self, head: ResponseHead, body: bytes) -> None:
        self.head_came(head.status, [*head.headers, (b"content-length", b"%d" % len(body))])
        self.body_came(body)
        self.ended()

    def head_came(self, status: int, headers: Headers) -> None:
        self.status, self.headers = status, headers
        if not self.head.done():
            self.head.set_result(None)

    def body_came(self, data: bytes) -> None:
        self.body += data

    def ended(self) -> None:
        self.whole.set_result(None)

    def broken(self, error: Broken) -> None:
        self.whole.set_exception(error)

    def room(self, has_room: bool) -> None:
        del has_room


async def sent(client: Client, origin: Origin, request: bytes) -> tuple[ClientConnection, CollectingTaker]:
    """Send a request on a connection, an idle one where there is one."""
    connection = client.idle(origin) or await client.connection(origin)
    taker = CollectingTaker()
    connection.send(request, taker)
    return connection, taker


async def asked(client: Client, origin: Origin, request: bytes) -> tuple[int, bytes]:
    """Status and body of the whole response."""
    connection, taker = await sent(client, origin, request)
    try:
        await taker.whole
    except asyncio.CancelledError:
        connection.drop()
        raise
    return taker.status, taker.body
