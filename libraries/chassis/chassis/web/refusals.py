"""Refusals of requests that break HTTP or a bound of a door, as problem documents; light, so that any door may."""

import json
from http import HTTPStatus

_CODES = {408: "request_timeout", 413: "request_too_large", 414: "target_too_long", 431: "head_too_large"}
PROBLEM_TYPE = b"content-type: application/problem+json\r\n"


def refusal(status: int, reason: str) -> tuple[bytes, bytes]:
    """Header lines and body."""
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": reason,
        "code": _CODES.get(status, "malformed_request"),
    }
    return PROBLEM_TYPE, json.dumps(problem).encode()
