"""The pages about the demo provider: its OpenAPI document and a page to read it, out of packages, no CDN."""

from importlib import resources

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from chassis.web.swagger_ui import STATIC_PREFIX, documentation_page, swagger_ui_folder


def documentation_routes() -> list[Route | Mount]:
    """/openapi.json and /docs."""
    document = resources.files("demo_provider").joinpath("openapi.json").read_bytes()

    async def openapi(_request: Request) -> Response:
        return Response(document, media_type="application/json")

    async def page(_request: Request) -> Response:
        return HTMLResponse(documentation_page("Demo provider"))

    files = StaticFiles(directory=swagger_ui_folder())
    return [Route("/openapi.json", openapi), Route("/docs", page), Mount(STATIC_PREFIX, files)]
