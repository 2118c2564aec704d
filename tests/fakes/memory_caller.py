"""A caller on an engine's connection without a socket: its bytes go in, the reply's bytes come out."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from wire.limits import ServerLimits
from wire.server_connection import ServerConnection
from wire.server_state import Accept, ServerState
from wire.ticker import Ticker


@dataclass
class Reply:
    """What a caller received."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    complete: bool = False


class MemoryTransport(asyncio.Transport):
    """Keeps what is written, and tells when something was, or when it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.moved = asyncio.Event()
        self.closed = False
        self.reading = True

    def write(self, data: Any) -> None:
        self.written += data
        self.moved.set()

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True
        self.moved.set()

    def abort(self) -> None:
        self.close()

    def can_write_eof(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        del high, low

    def get_write_buffer_size(self) -> int:
        return 0


def a_refusal(status: int, reason: str) -> tuple[bytes, bytes]:
    """A refusal of the engine's."""
    del status
    return b"content-type: text/plain\r\n", reason.encode()


async def _answered(connection: ServerConnection, transport: MemoryTransport) -> None:
    while connection.is_busy:
        transport.moved.clear()
        await transport.moved.wait()


async def ask(
    accept: Accept,
    asked: tuple[str, str],
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    leaves: asyncio.Event | None = None,
) -> Reply:
    """Send one request (method and path) and wait for its reply; the caller leaves when that event is set."""
    state = ServerState(accept, a_refusal, ServerLimits(), Ticker())
    connection, transport = ServerConnection(state), MemoryTransport()
    connection.connection_made(transport)
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    first = b"%b %b HTTP/1.1\r\nhost: gateway\r\ncontent-length: %d\r\n" % (*map(str.encode, asked), len(body))
    connection.data_received(first + lines + b"\r\n" + body)
    if state.in_flight:
        waits = [asyncio.create_task(_answered(connection, transport))]
        if leaves is not None:
            waits.append(asyncio.create_task(leaves.wait()))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
    connection.connection_lost(None)
    await asyncio.sleep(0)
    return reply_in(transport.written)


def reply_in(data: bytes) -> Reply:
    """The first reply in these bytes."""
    head, _, rest = data.partition(b"\r\n\r\n")
    if not head:
        return Reply()
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    if headers.get("transfer-encoding") == "chunked":
        body, complete = _chunks(rest)
    else:
        body, complete = rest, len(rest) == int(headers.get("content-length", len(rest)))
    return Reply(int(first.split(" ")[1]), headers, body, complete)


def _chunks(data: bytes) -> tuple[bytes, bool]:
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return body, True
        body, data = body + data[:length], data[length + 2 :]
    return body, False
