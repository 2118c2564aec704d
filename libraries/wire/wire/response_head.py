"""The head of a server's response, shared by all responses that begin alike."""

from typing import Any

from wire.known_heads import KnownHeads
from wire.reply_head import BODILESS
from wire.request_head import Headers, length_of, without_length


class ResponseHead:
    """Status and headers, names in lower case; all but Content-Length, which the body shows.

    Not to be changed: responses with the same head share it. `notes` are what their takers found out about it, each
    under a name of its own; they must follow from the head alone.
    """

    __slots__ = ("headers", "notes", "status")

    def __init__(self, status: int, headers: Headers) -> None:
        self.status = status
        self.headers = headers
        self.notes: dict[object, Any] = {}


ResponseHeads = KnownHeads[ResponseHead]


def learn_response(known: ResponseHeads, data: bytes, status: int, headers: Headers) -> None:
    """Remember the head that these bytes begin with, where it says its body's length."""
    length = length_of(headers)
    if length is not None and status not in BODILESS:
        known.learn(data, ResponseHead(status, without_length(headers)), len(headers), length)
