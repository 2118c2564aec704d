"""The least that Python can do for a call on our event loop: it passes bytes on, and reads one path a request.

`python bare_proxy.py PORT PLAIN_PORT STREAM_PORT`: POST /plain/PATH goes to PATH at the first port, /stream/PATH to
that at the second, on a connection for each of the caller's. No HTTP, no key, no metering: the floor under a gateway.
"""

import asyncio
import sys
from functools import partial
from typing import cast

import uvloop

_PLAIN, _STREAM = b"POST /plain/", b"POST /stream/"


class ToVendor(asyncio.Protocol):
    """A connection that was made for a caller's."""

    def __init__(self, caller: asyncio.Transport) -> None:
        self._caller = caller

    def data_received(self, data: bytes) -> None:
        """Pass it back."""
        self._caller.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller's ends with it."""
        self._caller.close()


class FromCaller(asyncio.Protocol):
    """A caller's connection."""

    _transport: asyncio.Transport

    def __init__(self, plain: int, streamed: int) -> None:
        self._ports = {_PLAIN: plain, _STREAM: streamed}
        self._early: list[bytes] = []
        self._connecting: asyncio.Task[None] | None = None
        self._vendor: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The vendor is known with the first request."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Pass it on, to the path that is meant."""
        for prefix, port in self._ports.items():
            if data.startswith(prefix):
                data = data.replace(prefix, b"POST /", 1)
                self._connecting = self._connecting or asyncio.get_running_loop().create_task(self._connect(port))
        if self._vendor is None:
            self._early.append(data)
        else:
            self._vendor.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The vendor's ends with it."""
        if self._vendor is not None:
            self._vendor.close()

    async def _connect(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._vendor, _ = await loop.create_connection(partial(ToVendor, self._transport), "127.0.0.1", port)
        self._vendor.write(b"".join(self._early))


async def main(port: str, plain: str, streamed: str) -> None:
    """Serve until ended."""
    accept = partial(FromCaller, int(plain), int(streamed))
    server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", int(port), backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
