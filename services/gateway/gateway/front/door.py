"""The public door as one bare ASGI callable: data plane first, then own paths, then the table of services."""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.errors import KIND_FACTS, ErrorKind, MarketplaceError
from dataplane.door_paths import owns as data_plane_owns
from gateway.front.operations import owns as gateway_owns
from gateway.routes.errors import PathUnknown
from gateway.routes.rules import service_of
from gateway.signals import GatewaySignals

# Hands a request on to the named service.
HandOn = Callable[[str, Scope, Receive, Send], Awaitable[None]]
_log = logging.getLogger("gateway")


@dataclass(frozen=True)
class PublicDoor:
    """Sends each request to the one that answers it; errors of ours leave as problem documents."""

    calls: ASGIApp
    operations: ASGIApp
    proxy: HandOn
    check_limit: Callable[[str], Awaitable[None]]
    signals: GatewaySignals
    new_request_id: Callable[[], str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan of the server."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] != "http":
            return
        elif data_plane_owns(scope["path"]):
            self.signals.calls.labels("call" if scope["method"] == "POST" else "models").inc()
            await self.calls(scope, receive, send)
        else:
            await self._other(scope, receive, send)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noting_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._dispatch(scope, receive, noting_send)
        except MarketplaceError as error:
            if not started:
                await self._refuse(error, scope, send)
        except Exception:
            _log.exception("fault")
            if not started:
                await self._refuse(MarketplaceError("Something of ours failed; see the log."), scope, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if gateway_owns(path):
            await self.operations(scope, receive, send)
            return
        service = service_of(scope["method"], path)
        if service is None:
            raise PathUnknown("No such path: GET /docs shows them all.")
        await self.check_limit(str((scope.get("client") or ("unknown", 0))[0]))
        await self.proxy(service, scope, receive, send)

    async def _refuse(self, error: MarketplaceError, scope: Scope, send: Send) -> None:
        facts = KIND_FACTS[error.kind]
        request_id = self.new_request_id()
        problem = {
            "type": "about:blank",
            "title": facts.title,
            "status": error.http_status,
            "detail": error.message if error.kind is not ErrorKind.INTERNAL else "Something of ours failed.",
            "code": error.code,
            "instance": scope["path"][:200],
            "request_id": request_id,
        }
        body = json.dumps(problem).encode()
        headers = [(b"content-type", b"application/problem+json"), (b"x-request-id", request_id.encode())]
        if error.retry_after is not None:
            headers.append((b"retry-after", str(max(1, round(error.retry_after))).encode()))
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": error.http_status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
