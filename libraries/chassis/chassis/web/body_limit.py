"""Refuses bodies past the limit as a problem document; the framework answers a declared length with plain text."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.web.problems import Problem, problem_response


def refuse_large_bodies_as_problems(app: FastAPI) -> None:
    """Put this around everything of the application: the framework's limit is outside of what `add_middleware` adds."""
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: _BodyLimitAsProblem(build())


class _BodyLimitAsProblem:
    """Puts a problem document in the place of the framework's 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        replaced = False

        async def send_problem_instead(message: Message) -> None:
            nonlocal replaced
            if _is_the_framework_s_refusal(message):
                replaced = True
                headers = {"x-request-id": scope.get("request_id", "")}
                await problem_response(Request(scope), _PROBLEM, headers)(scope, receive, send)
            elif not replaced:
                await send(message)

        await self._app(scope, receive, send_problem_instead)


_PROBLEM = Problem(
    title="Content Too Large", status=413, detail="The body has more bytes than this path takes.", code="too_large"
)


def _is_the_framework_s_refusal(message: Message) -> bool:
    if message["type"] != "http.response.start" or message["status"] != 413:
        return False
    return any(name == b"content-type" and value.startswith(b"text/plain") for name, value in message["headers"])
