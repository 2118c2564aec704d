"""The body of a request, bounded and checked."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from demo_provider.errors import BodyTooLarge, NotJson, RequestRefused

MAX_BODY_BYTES = 8 * 1024 * 1024
Body = TypeVar("Body", bound=BaseModel)


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
