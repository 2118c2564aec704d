"""Listens, counts, drains."""

import asyncio
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field

from wire.limits import ServerLimits
from wire.server_connection import ServerConnection
from wire.server_state import Accept, Refusal, ServerState
from wire.ticker import Ticker

_BACKLOG = 2048


@dataclass(slots=True)
class Server:
    """An HTTP/1.1 server. `reuse_port` lets several processes listen on one port, and the kernel share callers out."""

    accept: Accept
    refusal: Refusal
    host: str
    port: int
    ticker: Ticker
    limits: ServerLimits = field(default_factory=ServerLimits)
    tls: ssl.SSLContext | None = None
    reuse_port: bool = False
    _state: ServerState | None = None
    _listening: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen; raises OSError naming the port where that cannot be."""
        self.ticker.start()
        state = self._state = ServerState(self.accept, self.refusal, self.limits.within_open_files(), self.ticker)
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(
            lambda: ServerConnection(state),
            sock=self._bound(),
            backlog=_BACKLOG,
            ssl=self.tls,
            ssl_handshake_timeout=None if self.tls is None else self.limits.head_seconds,
            ssl_shutdown_timeout=None if self.tls is None else self.limits.write_seconds,
        )
        self.port = self._listening.sockets[0].getsockname()[1]

    @property
    def in_flight(self) -> int:
        """Requests whose reply has not ended."""
        return 0 if self._state is None else self._state.in_flight

    @property
    def connections(self) -> int:
        """Callers connected."""
        return 0 if self._state is None else len(self._state.connections)

    async def close(self, seconds: float) -> None:
        """Take no further request, wait so long until replies under way are with their callers, then end the rest."""
        if self._listening is None or self._state is None:
            return
        self._listening.close()
        for connection in list(self._state.connections):
            connection.drain()
        if self._state.connections:
            self._state.empty = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._state.empty.wait(), seconds)
        for connection in list(self._state.connections):
            connection.abort()
        await asyncio.sleep(0)

    def _bound(self) -> socket.socket:
        listening = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.reuse_port:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            listening.bind((self.host, self.port))
        except OSError as error:
            listening.close()
            raise OSError(error.errno, f"port {self.port} on {self.host}: {error.strerror}") from None
        listening.setblocking(False)
        return listening


def server_tls(certificate: str, key: str) -> ssl.SSLContext:
    """TLS 1.3 alone, with this certificate chain and key (paths of PEM files)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    return context
