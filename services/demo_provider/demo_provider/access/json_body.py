"""A request of a caller who may ask: the vendor key first, then the body, bounded and checked."""

import hmac
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from demo_provider.access.errors import BodyTooLarge, KeyRefused, NotJson, RequestRefused

MAX_BODY_BYTES = 8 * 1024 * 1024
Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True)
class VendorKey:
    """The one key that opens this door."""

    secret: str

    def check(self, request: Request) -> None:
        """Raises KeyRefused unless the request shows the key as a bearer token."""
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not shown:
            raise KeyRefused("Show the vendor key: Authorization: Bearer <key>.")
        if not hmac.compare_digest(shown.strip().encode(), self.secret.encode()):
            raise KeyRefused("This vendor key is not known.")


async def read_body(request: Request, model: type[Body]) -> Body:
    """The body as a checked value. Raises NotJson, BodyTooLarge or RequestRefused."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise NotJson("Send the body as application/json.")
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            raise BodyTooLarge(f"The body has more than {MAX_BODY_BYTES} bytes.")
    try:
        return model.model_validate_json(bytes(raw))
    except ValidationError as error:
        raise _refusal(error) from None


def _refusal(error: ValidationError) -> RequestRefused:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])[:200]
    return RequestRefused(f"{place or 'body'}: {first['msg']}", param=place or None)
