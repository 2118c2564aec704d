"""Replies that are refusals, as errors: problem documents, OpenAI's errors, or whatever else a server says."""

from typing import Any, cast

import httpx

from chassis.errors import Forbidden, MarketplaceError, NotFound, TimedOut, Unavailable
from marketplace_cli.errors import FaultAtTheirs, NotSignedIn, Refused
from marketplace_cli.plain_text import one_line

_KINDS: dict[int, type[MarketplaceError]] = {
    401: NotSignedIn,
    403: Forbidden,
    404: NotFound,
    408: TimedOut,
    410: NotFound,
    500: FaultAtTheirs,
    502: Unavailable,
    503: Unavailable,
    504: TimedOut,
}


def error_of(response: httpx.Response) -> MarketplaceError:
    """The error that a read reply of 400 and above stands for; `details` hold the problem document."""
    problem = _problem(response)
    kind = _KINDS.get(response.status_code, Unavailable if response.status_code >= 500 else Refused)
    return kind(_said(problem, response), status=response.status_code, problem=problem, retry_after=_pause(response))


def problem_code(error: MarketplaceError) -> str:
    """The stable name that the marketplace gave the error."""
    problem = error.details.get("problem")
    return str(cast("dict[str, Any]", problem).get("code", "")) if isinstance(problem, dict) else ""


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        found: Any = response.json()
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    problem = cast("dict[str, Any]", found)
    inner = problem.get("error")
    return cast("dict[str, Any]", inner) if isinstance(inner, dict) else problem


def _said(problem: dict[str, Any], response: httpx.Response) -> str:
    said = problem.get("detail") or problem.get("message") or problem.get("title")
    text = one_line(said or f"The gateway answered {response.status_code} without a reason.", 1000)
    number = problem.get("request_id") or response.headers.get("x-request-id")
    return f"{text} (request {one_line(number)})" if number and response.status_code >= 500 else text


def _pause(response: httpx.Response) -> float | None:
    wait = response.headers.get("retry-after", "")
    return float(wait) if wait.isdigit() else None
