"""The public door: where requests part. All ways are the engine's; the gateway's own pages go by ASGI."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.errors import MarketplaceError
from dataplane.crossing import Crossing as CallCrossing
from gateway.front.operations import owns as gateway_owns
from gateway.front.problems import Refused, problem
from gateway.routes.errors import PathUnknown
from gateway.routes.rules import service_of
from gateway.signals import GatewaySignals
from wire.exchange import Exchange, Receiver
from wire.server_state import Accept

# Hands a request on to the named service.
HandOn = Callable[[str, Exchange], Receiver]
NewRequestId = Callable[[], str]
_log = logging.getLogger("gateway")


@dataclass(frozen=True, slots=True)
class Ways:
    """Who takes requests: the data plane, the gateway's own pages, the services."""

    calls: Accept
    pages: Accept
    services: HandOn


class Crossing:
    """Sends each request to the one that answers it."""

    def __init__(self, ways: Ways, signals: GatewaySignals, new_request_id: NewRequestId) -> None:
        self._ways = ways
        self._new_request_id = new_request_id
        self.accept = CallCrossing(ways.calls, self._other, signals.data_plane).accept

    def _other(self, exchange: Exchange) -> Receiver:
        head = exchange.head
        path = unquote(head.path.decode("ascii"))
        if gateway_owns(path):
            return self._ways.pages(exchange)
        service = service_of(head.method.decode("ascii"), path)
        if service is None:
            return Refused(exchange, PathUnknown("No such path: GET /docs shows them all."), self._new_request_id())
        return self._ways.services(service, exchange)


@dataclass(frozen=True)
class OwnPages:
    """The gateway's own pages; their errors leave as problem documents."""

    operations: ASGIApp
    new_request_id: NewRequestId

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = False

        async def noting_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.operations(scope, receive, noting_send)
        except MarketplaceError as error:
            if not started:
                await self._refuse(error, scope, send)
        except Exception:
            _log.exception("fault")
            if not started:
                await self._refuse(MarketplaceError("Something of ours failed; see the log."), scope, send)

    async def _refuse(self, error: MarketplaceError, scope: Scope, send: Send) -> None:
        status, lines, body = problem(error, scope["path"], self.new_request_id())
        headers = [tuple(line.split(b": ", 1)) for line in lines.splitlines()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
