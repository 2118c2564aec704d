"""Errors in OpenAI's shape: one object with message, type, param and code."""

import logging
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from chassis.errors import ErrorKind, MarketplaceError

_TYPES = {
    ErrorKind.LIMITED: "rate_limit_error",
    ErrorKind.UNAUTHENTICATED: "authentication_error",
    ErrorKind.UNAVAILABLE: "server_error",
    ErrorKind.INTERNAL: "server_error",
}
_CODES = {404: "unknown_url", 405: "method_not_allowed"}
_log = logging.getLogger("demo_provider")


def error_body(message: str, kind: str, code: str, param: str | None = None) -> dict[str, Any]:
    """The body of a refusal."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def of_marketplace_error(error: MarketplaceError) -> JSONResponse:
    """The response of an error of ours."""
    headers = {"retry-after": str(round(error.retry_after))} if error.retry_after is not None else {}
    if error.kind is ErrorKind.UNAUTHENTICATED:
        headers["www-authenticate"] = "Bearer"
    param = error.details.get("param")
    body = error_body(
        error.message,
        _TYPES.get(error.kind, "invalid_request_error"),
        error.code,
        str(param) if param else None,
    )
    return JSONResponse(body, error.http_status, headers)


async def on_marketplace_error(_request: Request, error: Exception) -> JSONResponse:
    """Handler for the errors of this house."""
    assert isinstance(error, MarketplaceError)  # noqa: S101 -- registered for this type alone
    return of_marketplace_error(error)


async def on_http_exception(request: Request, error: Exception) -> JSONResponse:
    """Handler for what the router refuses."""
    assert isinstance(error, HTTPException)  # noqa: S101 -- registered for this type alone
    message = f"{error.detail}: {request.method} {request.url.path[:200]}"
    body = error_body(message, "invalid_request_error", _CODES.get(error.status_code, "http_error"))
    return JSONResponse(body, error.status_code, error.headers)


async def on_fault(_request: Request, error: Exception) -> JSONResponse:
    """Handler for what nobody foresaw."""
    _log.error("fault", exc_info=error)
    return JSONResponse(error_body("The demo provider failed.", "server_error", "internal"), 500)
