"""The pages about the demo provider: its OpenAPI document and a page to read it, out of packages, no CDN."""

from importlib import resources

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Demo provider</title>
<link rel="stylesheet" href="/docs/static/swagger-ui.css"></head>
<body><div id="swagger-ui"></div><script src="/docs/static/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui"})</script></body></html>
"""


def documentation_routes() -> list[Route | Mount]:
    """/openapi.json and /docs."""
    document = resources.files("demo_provider").joinpath("openapi.json").read_bytes()

    async def openapi(_request: Request) -> Response:
        return Response(document, media_type="application/json")

    async def page(_request: Request) -> Response:
        return HTMLResponse(_PAGE)

    files = StaticFiles(directory=str(swagger_ui_path))
    return [Route("/openapi.json", openapi), Route("/docs", page), Mount("/docs/static", files)]
