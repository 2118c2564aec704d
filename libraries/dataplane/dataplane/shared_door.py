"""One port for calls and for a service's own pages: calls stay on the engine, pages go by ASGI beside them."""

import logging
from dataclasses import dataclass, field

from chassis.web.refusals import refusal
from dataplane.call_signals import CallSignals
from dataplane.crossing import Crossing
from wire.asgi import Application, AsgiHost
from wire.asgi_lifespan import Lifespan
from wire.server import Server
from wire.server_state import Accept
from wire.ticker import Ticker

_log = logging.getLogger("door")


@dataclass
class SharedDoor:
    """A door of the process. The application sees the other end of the connection as its client, whoever it names."""

    application: Application
    calls: Accept
    signals: CallSignals
    ticker: Ticker
    host: str
    port: int
    _lifespan: Lifespan = field(init=False, repr=False)
    _pages: AsgiHost | None = field(default=None, init=False, repr=False)
    _server: Server | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._lifespan = Lifespan(self.application)

    async def open(self) -> None:
        """Start the application and listen; raises OSError naming the port where that cannot be."""
        state = await self._lifespan.start()
        self._pages = AsgiHost(self.application, _log_fault, refusal, state)
        crossing = Crossing(self.calls, self._pages.accept, self.signals)
        server = Server(crossing.accept, refusal, self.host, self.port, self.ticker)
        try:
            await server.open()
        except OSError:
            await self._lifespan.stop()
            raise
        self._server, self.port = server, server.port

    async def close(self, seconds: float) -> None:
        """Take no further request, wait so long for those under way, end the rest, and the application."""
        if self._server is None or self._pages is None:
            return
        await self._server.close(seconds)
        await self._pages.close()
        await self._lifespan.stop()


def _log_fault(fault: BaseException) -> None:
    _log.error("a request broke", exc_info=fault)
