"""/health, /ready, /metrics, /docs and /openapi.json of the gateway itself, without a framework's weight."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from chassis.health import Readiness
from chassis.metrics import CONTENT_TYPE, exposition
from chassis.web.swagger_ui import STATIC_PREFIX, documentation_page, swagger_ui_folder
from gateway.routes.errors import PathUnknown

_PATHS = frozenset({"/", "/health", "/ready", "/metrics", "/docs", "/openapi.json"})
_WRONG_METHOD = {
    "type": "about:blank",
    "title": "Method Not Allowed",
    "status": 405,
    "detail": "This path takes GET alone.",
    "code": "method_not_allowed",
}


def owns(path: str) -> bool:
    """Whether the gateway answers this path by itself."""
    return path in _PATHS or path.startswith(STATIC_PREFIX + "/")


@dataclass
class Operations:
    """Answers the gateway's own paths."""

    readiness: Readiness
    registry: CollectorRegistry
    document: Callable[[], Awaitable[dict[str, Any]]]

    def __post_init__(self) -> None:
        self._files = StaticFiles(directory=swagger_ui_folder())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request to an own path."""
        if scope["path"].startswith(STATIC_PREFIX + "/"):
            below: Mapping[str, object] = {**scope, "path": scope["path"].removeprefix(STATIC_PREFIX), "root_path": ""}
            try:
                await self._files(dict(below), receive, send)
            except HTTPException as error:
                raise PathUnknown("No such file: GET /docs shows what there is.") from error
            return
        response = await self._response(Request(scope))
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return JSONResponse(_WRONG_METHOD, 405, {"allow": "GET, HEAD"}, "application/problem+json")
        match request.scope["path"]:
            case "/health":
                return JSONResponse({"status": "alive", "service": "gateway"})
            case "/ready":
                return await self._ready()
            case "/metrics":
                return Response(exposition(self.registry), media_type=CONTENT_TYPE)
            case "/openapi.json":
                return JSONResponse(await self.document())
            case _:
                return HTMLResponse(documentation_page("LLM Marketplace"))

    async def _ready(self) -> JSONResponse:
        report = await self.readiness.report()
        parts = [{"name": part.name, "state": part.state, "detail": part.detail} for part in report.parts]
        body = {"ready": report.ready, "service": "gateway", "parts": parts}
        return JSONResponse(body, status_code=200 if report.ready else 503)
