"""Swagger UI out of an installed package, so that the documentation needs no foreign host."""

import importlib.util
from pathlib import Path

from chassis.errors import ErrorKind, MarketplaceError

STATIC_PREFIX = "/docs/static"
SCRIPT = f"{STATIC_PREFIX}/swagger-ui-bundle.js"
STYLE = f"{STATIC_PREFIX}/swagger-ui.css"
ICON = f"{STATIC_PREFIX}/favicon.png"
_PACKAGE = "fastapi_offline"


class SwaggerUiMissing(MarketplaceError):
    """The package that carries the page's files is not installed."""

    code = "swagger_ui_missing"
    kind = ErrorKind.INTERNAL


def swagger_ui_folder() -> Path:
    """The folder of the page's script and style; found, not imported: only the files are wanted."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise SwaggerUiMissing(f"{_PACKAGE} is not installed: run `make install-deps`.")
    return Path(found.origin).parent / "static"


def documentation_page(title: str) -> str:
    """The page that shows /openapi.json, its files under the static prefix. `title` must be plain text."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<link rel="icon" href="{ICON}"><link rel="stylesheet" href="{STYLE}"></head>
<body><div id="page"></div><script src="{SCRIPT}"></script>
<script>SwaggerUIBundle({{url: "/openapi.json", dom_id: "#page", deepLinking: true}})</script></body></html>
"""
