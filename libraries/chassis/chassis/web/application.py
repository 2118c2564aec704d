"""The application factory: what every service's HTTP door has besides its own routes."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from prometheus_client import CollectorRegistry
from starlette.staticfiles import StaticFiles

from chassis.errors import ErrorKind, MarketplaceError
from chassis.health import Readiness
from chassis.metrics import CONTENT_TYPE, RequestMetrics, exposition
from chassis.web.access import PUBLIC, access_rules_of, requires
from chassis.web.body_limit import refuse_large_bodies_as_problems
from chassis.web.body_wait import BodyWait
from chassis.web.problems import PROBLEM_CONTENT, Problem, install_problem_handlers
from chassis.web.query_names import refuse_bent_queries
from chassis.web.request_scope import RequestScope
from chassis.web.swagger_ui import STATIC_PREFIX, documentation_page, swagger_ui_folder

MAX_BODY_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Application:
    """What a service brings: its name and routes, its actions by name (`request.state.<name>`), its checks.

    Bodies are bounded to 1 MiB; a route that takes more says `max_body_size=`.
    """

    service: str
    description: str
    routers: Sequence[APIRouter]
    state: Mapping[str, Any]
    readiness: Readiness
    registry: CollectorRegistry
    new_request_id: Callable[[], str]

    def build(self) -> FastAPI:
        """The application; refuses a route that does not say who may use it."""

        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncGenerator[Mapping[str, Any]]:
            yield dict(self.state)

        app = FastAPI(
            title=f"LLM Marketplace: {self.service}",
            description=self.description,
            version="1",
            docs_url=None,
            redoc_url=None,
            lifespan=lifespan,
            responses=_documented_problems(),
            generate_unique_id_function=lambda route: f"{self.service}_{route.name}",
            separate_input_output_schemas=False,
            strict_content_type=True,
            redirect_slashes=False,
            max_body_size=MAX_BODY_BYTES,
            dependencies=[Depends(refuse_bent_queries)],
        )
        install_problem_handlers(app)
        for router in self.routers:
            app.include_router(router)
        _add_documentation(app)
        app.include_router(_operations(self))
        access_rules_of(app)
        refuse_large_bodies_as_problems(app)
        app.add_middleware(BodyWait)
        app.add_middleware(
            RequestScope,
            metrics=RequestMetrics(self.registry, self.service),
            new_request_id=self.new_request_id,
        )
        return app


def _documented_problems() -> dict[int | str, dict[str, Any]]:
    answers = {
        400: "The request cannot be read",
        401: "No token, or one that does not hold",
        403: "Not allowed",
        404: "Not found",
        408: "The body did not arrive in time",
        409: "The state does not allow it",
        413: "The body is too large",
        414: "The path and the query are too long",
        422: "A value is not valid",
        429: "Too many requests",
        431: "The head is too large",
        503: "A part we need does not answer",
    }
    return {status: {"description": text, "content": PROBLEM_CONTENT} for status, text in answers.items()}


def _add_documentation(app: FastAPI) -> None:
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.setdefault("Problem", Problem.model_json_schema())
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        return document

    app.openapi = openapi
    app.mount(STATIC_PREFIX, StaticFiles(directory=swagger_ui_folder()), name="swagger")

    async def page(_request: Request) -> HTMLResponse:
        return HTMLResponse(documentation_page(app.title))

    app.add_route("/docs", page, include_in_schema=False)


def _operations(application: Application) -> APIRouter:
    router = APIRouter(tags=["operations"], dependencies=[])

    @router.get("/health", dependencies=[requires(PUBLIC)])
    async def health() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        """Alive: the process answers."""
        return {"status": "alive", "service": application.service}

    @router.get("/ready", dependencies=[requires(PUBLIC)], responses={200: {"model": dict[str, Any]}})
    async def ready() -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        """May take traffic; says what is degraded."""
        report = await application.readiness.report()
        parts = [{"name": part.name, "state": part.state, "detail": part.detail} for part in report.parts]
        body = {"ready": report.ready, "service": application.service, "parts": parts}
        return JSONResponse(body, status_code=200 if report.ready else 503)

    @router.get("/metrics", dependencies=[requires(PUBLIC)], response_class=Response, responses=_METRICS_ANSWER)
    async def metrics() -> Response:  # pyright: ignore[reportUnusedFunction]
        """Prometheus metrics."""
        return Response(exposition(application.registry), media_type=CONTENT_TYPE)

    return router


_METRICS_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "Prometheus text format", "content": {CONTENT_TYPE: {"schema": {"type": "string"}}}}
}


class ActionMissing(MarketplaceError):
    """A route asks for an action that compose did not provide."""

    code = "action_missing"
    kind = ErrorKind.INTERNAL


def provided(name: str) -> Callable[[Request], Any]:
    """A dependency that takes `request.state.<name>`, put there by compose."""

    def take(request: Request) -> Any:
        try:
            return getattr(request.state, name)
        except AttributeError:
            raise ActionMissing(f"compose provides no {name}.") from None

    return take
