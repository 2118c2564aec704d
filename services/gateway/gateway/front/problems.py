"""Refusals of requests that somebody would not answer, as problem documents (RFC 9457)."""

import json
from dataclasses import dataclass

from chassis.errors import KIND_FACTS, ErrorKind, MarketplaceError
from chassis.web.refusals import PROBLEM_TYPE
from wire.exchange import Exchange


def problem(error: MarketplaceError, path: str, request_id: str) -> tuple[int, bytes, bytes]:
    """Status, header lines and body for an error of ours."""
    document = {
        "type": "about:blank",
        "title": KIND_FACTS[error.kind].title,
        "status": error.http_status,
        "detail": error.message if error.kind is not ErrorKind.INTERNAL else "Something of ours failed.",
        "code": error.code,
        "instance": path[:200],
        "request_id": request_id,
    }
    headers = PROBLEM_TYPE + b"x-request-id: " + request_id.encode() + b"\r\n"
    if error.retry_after is not None:
        headers += b"retry-after: %d\r\n" % max(1, round(error.retry_after))
    return error.http_status, headers, json.dumps(document).encode()


@dataclass
class Refused:
    """Receives a request that is refused whatever it holds."""

    exchange: Exchange
    error: MarketplaceError
    request_id: str
    most_body: int = 0

    def __post_init__(self) -> None:
        path = self.exchange.head.path.decode("ascii")
        self.exchange.reply(*problem(self.error, path, self.request_id))

    def arrived(self, data: bytes) -> None:
        """Nobody wants it."""

    def complete(self, body: bytes) -> None:
        """It has its reply."""

    def gone(self) -> None:
        """Nothing is under way."""

    def room(self, has_room: bool) -> None:
        """The reply is whole."""

    def refusal(self, status: int, reason: str) -> tuple[bytes, bytes] | None:
        """In the server's words."""
