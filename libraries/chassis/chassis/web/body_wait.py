"""Ends the wait for a body of which nothing comes any more: 408 as a problem document."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Longer than any pause of a sender that still works; a body as a whole is bounded where callers come in.
SILENCE_SECONDS = 20.0


class BodyWait:
    """Middleware that bounds the silence between two parts of a body."""

    def __init__(self, app: ASGIApp, *, seconds: float = SILENCE_SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        more = scope["type"] == "http"

        async def receive_in_time() -> Message:
            nonlocal more
            # Whoever asks again after the body's end waits for the caller to leave, and that may take for ever.
            if not more:
                return await receive()
            try:
                async with asyncio.timeout(self._seconds):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "The body did not arrive in time: send it faster.") from None
            more = message.get("more_body", False)
            return message

        await self._app(scope, receive_in_time, send)
