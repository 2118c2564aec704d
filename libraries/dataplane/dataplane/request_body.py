"""A request's body, bounded in size and time."""

import asyncio

from dataplane.refusals import RequestInvalid, RequestTooLarge
from dataplane.reply_sink import Receive


async def read_body(receive: Receive, most_bytes: int, most_seconds: float) -> bytes | None:
    """The whole body, or None where the caller went before sending it."""
    try:
        async with asyncio.timeout(most_seconds):
            return await _read(receive, most_bytes)
    except TimeoutError as error:
        raise RequestInvalid(f"The body did not arrive within {most_seconds:g} s.") from error


async def _read(receive: Receive, most_bytes: int) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > most_bytes:
            raise RequestTooLarge(f"The body is larger than {most_bytes} bytes.")
        parts.append(part)
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)
