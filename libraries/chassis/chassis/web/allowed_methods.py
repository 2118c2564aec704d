"""The methods that a path answers, over all its routes: what a 405 must say in Allow."""

from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.routing import compile_path


def allowed_methods(request: Request) -> str:
    """The Allow header for the path that was asked for: the framework alone names the first matching route's."""
    found: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        pattern, _, _ = compile_path(str(context.path))
        if pattern.match(request.url.path):
            found |= set(context.methods or ())
    return ", ".join(sorted(found))
