"""A GET that a server asks on its own account: the whole answer, within a time and a size."""

import asyncio

from wire.client import Client
from wire.errors import Broken
from wire.origin import Origin
from wire.request_head import Headers
from wire.response_head import ResponseHead

_LARGEST_ANSWER = 16 << 20


async def asked(client: Client, origin: Origin, target: str, seconds: float) -> tuple[int, bytes]:
    """Status and body. Raises WireError where no whole answer comes in time, however that failed."""
    request = b"GET %b HTTP/1.1\r\nhost: %b\r\n\r\n" % (target.encode("ascii"), _host(origin))
    try:
        async with asyncio.timeout(seconds):
            return await _answered(client, origin, request)
    except TimeoutError as error:
        raise Broken("No answer came in time.") from error


async def _answered(client: Client, origin: Origin, request: bytes) -> tuple[int, bytes]:
    connection = client.idle(origin) or await client.connection(origin)
    answer = _Answer()
    connection.send(request, answer)
    try:
        return await answer.whole
    finally:
        if not answer.over:
            connection.drop()


class _Answer:
    """Collects one response."""

    def __init__(self) -> None:
        self.whole: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        # The connection has gone back, or broken.
        self.over = False
        self._status = 0
        self._parts: list[bytes] = []
        self._size = 0

    def answered(self, head: ResponseHead, body: bytes) -> None:
        self._status = head.status
        self.body_came(body)
        self.ended()

    def head_came(self, status: int, headers: Headers) -> None:
        del headers
        self._status = status

    def body_came(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= _LARGEST_ANSWER:
            self._parts.append(data)
        elif not self.whole.done():
            self.whole.set_exception(Broken(f"The answer is larger than {_LARGEST_ANSWER} bytes."))

    def ended(self) -> None:
        self.over = True
        if not self.whole.done():
            self.whole.set_result((self._status, b"".join(self._parts)))

    def broken(self, error: Broken) -> None:
        self.over = True
        if not self.whole.done():
            self.whole.set_exception(error)

    def room(self, has_room: bool) -> None:
        del has_room


def _host(origin: Origin) -> bytes:
    name = f"[{origin.host}]" if ":" in origin.host else origin.host
    return f"{name}:{origin.port}".encode("ascii")
