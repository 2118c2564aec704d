"""Errors as problem documents (RFC 9457), in one place; each is logged once, here."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from chassis.errors import KIND_FACTS, ErrorKind, MarketplaceError
from chassis.web.allowed_methods import allowed_methods

_NO_SUCH_PATH = "Nothing answers at this path: /docs lists every path; an id stands in it whole and holds no slash."
MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger("web")


class Problem(BaseModel):
    """A problem document: `code` is stable, `detail` says how to mend it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    instance: str | None = None
    request_id: str | None = None
    errors: list[dict[str, Any]] | None = None


class _ProblemBody(JSONResponse):
    """Half of a surrogate pair, which JSON may hold and UTF-8 may not, is shown as a question mark."""

    media_type = MEDIA_TYPE

    def render(self, content: object) -> bytes:
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(errors="replace")


PROBLEM_CONTENT: dict[str, Any] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def problem_response(
    request: Request,
    problem: Problem,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, object] | None = None,
) -> JSONResponse:
    """The response of a problem at this request."""
    filled = problem.model_copy(
        update={"instance": request.url.path[:200], "request_id": request.scope.get("request_id")}
    )
    body = {**(extra or {}), **filled.model_dump(exclude_none=True)}
    return _ProblemBody(body, status_code=problem.status, headers=dict(headers or {}))


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of this application leave as a problem document."""
    app.add_exception_handler(MarketplaceError, _on_marketplace_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_fault)


def _headers_of(error: MarketplaceError) -> dict[str, str]:
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    if error.kind is ErrorKind.UNAUTHENTICATED:
        headers["www-authenticate"] = "Bearer"
    return headers


async def _on_marketplace_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MarketplaceError)  # noqa: S101 -- registered for this type alone
    facts = KIND_FACTS[error.kind]
    internal = error.kind is ErrorKind.INTERNAL
    _log.log(
        getattr(logging, facts.log_level.upper()),
        "%s: %s",
        error.code,
        error.message,
        exc_info=error if internal else None,
    )
    detail = "Something of ours failed; the request id leads to the log." if internal else error.message
    problem = Problem(title=facts.title, status=error.http_status, detail=detail, code=error.code)
    return problem_response(request, problem, _headers_of(error), None if internal else error.details)


async def _on_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    places = [
        {"pointer": "/" + "/".join(str(part) for part in item["loc"]), "message": item["msg"], "code": item["type"]}
        for item in error.errors()[:50]
    ]
    problem = Problem(
        title=KIND_FACTS[ErrorKind.INVALID].title,
        status=422,
        detail="; ".join(f"{place['pointer']}: {place['message']}" for place in places[:3]),
        code="invalid_input",
        errors=places,
    )
    return problem_response(request, problem)


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    codes = {
        400: "bad_request",
        404: "not_found",
        405: "method_not_allowed",
        408: "too_slow",
        413: "too_large",
        415: "unsupported_type",
    }
    problem = Problem(
        title=str(error.detail),
        status=error.status_code,
        detail=_NO_SUCH_PATH if error.detail == HTTPStatus.NOT_FOUND.phrase else str(error.detail),
        code=codes.get(error.status_code, "http_error"),
    )
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = allowed_methods(request)
    return problem_response(request, problem, headers)


async def _on_fault(request: Request, error: Exception) -> JSONResponse:
    _log.error("fault", exc_info=error)
    problem = Problem(
        title=KIND_FACTS[ErrorKind.INTERNAL].title,
        status=500,
        detail="Something of ours failed; the request id leads to the log.",
        code="internal",
    )
    return problem_response(request, problem)
