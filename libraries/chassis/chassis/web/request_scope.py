"""What happens around every request, as plain ASGI: an id, a count, one line in the log."""

import logging
import re
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.logs import request_id_variable
from chassis.metrics import RequestMetrics

_SAFE_ID = re.compile(rb"^[A-Za-z0-9._-]{8,64}$")
_log = logging.getLogger("access")


class RequestScope:
    """Middleware around a whole application. `new_request_id` makes ids."""

    def __init__(self, app: ASGIApp, *, metrics: RequestMetrics, new_request_id: Callable[[], str]) -> None:
        self._app = app
        self._metrics = metrics
        self._new_request_id = new_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request; other scopes pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = self._request_id(scope)
        scope["request_id"] = request_id
        token = request_id_variable.set(request_id)
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", []),
                    (b"x-request-id", request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.observe(scope["method"], route, status, time.perf_counter() - started)
            _log.debug("%s %s %d", scope["method"], route, status)
            request_id_variable.reset(token)

    def _request_id(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _SAFE_ID.match(value):
                return value.decode()
        return self._new_request_id()
