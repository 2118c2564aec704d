"""/health, /ready and /metrics."""

from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chassis.health import Readiness
from chassis.metrics import CONTENT_TYPE, exposition

SERVICE = "demo_provider"


def operation_routes(readiness: Readiness, registry: CollectorRegistry) -> list[Route]:
    """What the one who runs it asks."""

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "alive", "service": SERVICE})

    async def ready(_request: Request) -> Response:
        report = await readiness.report()
        parts = [{"name": part.name, "state": part.state, "detail": part.detail} for part in report.parts]
        body = {"ready": report.ready, "service": SERVICE, "parts": parts}
        return JSONResponse(body, 200 if report.ready else 503)

    async def metrics(_request: Request) -> Response:
        return Response(exposition(registry), media_type=CONTENT_TYPE)

    return [Route("/health", health), Route("/ready", ready), Route("/metrics", metrics)]
