"""Opaque keyset cursors: signed, and bound to the filter and the tenant they were made for."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Query

from chassis.errors import InvalidInput

MAX_CURSOR_BYTES = 2048
PageLimit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
PageCursor = Annotated[str | None, Query(max_length=MAX_CURSOR_BYTES, description="`next_cursor` of the page before.")]


class CursorRefused(InvalidInput):
    """The cursor was not made by us for this question."""

    code = "cursor_refused"


class Cursors:
    """Signs and opens cursors with a secret of the service."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, place: Sequence[str | int | float], bound_to: Mapping[str, object]) -> str:
        """A cursor that holds the last row's sort key; only the same filter and tenant can use it."""
        payload = json.dumps(list(place), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mark(payload, bound_to) + payload).decode().rstrip("=")

    def open(self, cursor: str, bound_to: Mapping[str, object]) -> list[str | int | float]:
        """The sort key inside. Raises CursorRefused."""
        try:
            raw = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raw = b""
        mark, payload = raw[:16], raw[16:]
        if not payload or not hmac.compare_digest(mark, self._mark(payload, bound_to)):
            raise CursorRefused("This cursor does not belong to this question: start again without one.")
        return json.loads(payload)

    def _mark(self, payload: bytes, bound_to: Mapping[str, object]) -> bytes:
        bound = json.dumps(bound_to, sort_keys=True, default=str).encode()
        return hmac.new(self._secret, hashlib.sha256(bound).digest() + payload, hashlib.sha256).digest()[:16]
