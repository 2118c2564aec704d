"""The least that a Python web process can do for a call: uvicorn as the gateway runs it, answering fixed bytes.

`python bare_server.py PORT ANSWER_FILE STREAM_FILE`: POST /plain gives the first file, POST /stream the second, an
event at a time. No key, no limit, no vendor, no metering: the floor under whatever a gateway on this server costs.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

Message = MutableMapping[str, Any]


class BareAnswers:
    """An ASGI application."""

    def __init__(self, answer: bytes, stream: bytes) -> None:
        self._answer = answer
        self._events = [event + b"\n\n" for event in stream.split(b"\n\n") if event]

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Read the request to its end, then answer."""
        while (await receive()).get("more_body"):
            continue
        if scope["path"] == "/plain":
            headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self._answer))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": self._answer})
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for event in self._events:
            await send({"type": "http.response.body", "body": event, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})


def main(port: str, answer: str, stream: str) -> None:
    """Serve until ended."""
    app = BareAnswers(Path(answer).read_bytes(), Path(stream).read_bytes())
    config = uvicorn.Config(
        app, port=int(port), http="httptools", ws="none", lifespan="off", access_log=False, log_config=None
    )
    uvloop.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main(*sys.argv[1:])
