"""Carries ASGI applications on the engine: a task for each request, its body and its reply with back-pressure."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from wire.exchange import STREAMS, Exchange
from wire.reply_head import header_lines
from wire.server_state import Refusal

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
Failed = Callable[[BaseException], None]
_MOST_WAITING = 256 << 10
# The engine frames its replies itself.
_OURS = frozenset({b"transfer-encoding", b"connection", b"date", b"content-length"})


@dataclass(slots=True)
class AsgiHost:
    """Accepts requests for one application; `failed` is told what broke in it. `state` goes to each request, copied."""

    application: Application
    failed: Failed
    refusal: Refusal
    state: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tasks: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])

    def accept(self, exchange: Exchange) -> "AsgiRequest":
        """Start the application on a request."""
        request = AsgiRequest(exchange)
        task = asyncio.get_running_loop().create_task(self._run(request))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return request

    async def close(self) -> None:
        """End what the application still does, when its callers are gone."""
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, request: "AsgiRequest") -> None:
        exchange = request.exchange
        try:
            await self.application(request.scope(self.state), request.receive, request.send)
        except Exception as error:  # The application's own faults are its host's to report, whatever they are.
            self.failed(error)
        if exchange.ended:
            return
        if exchange.begun:
            exchange.abort()
        else:
            headers, body = self.refusal(500, "Something of ours failed.")
            exchange.reply(500, headers, body)


class AsgiRequest:
    """One request as an application sees it: scope, receive, send."""

    __slots__ = (
        "_given",
        "_gone",
        "_has_room",
        "_length",
        "_parts",
        "_status",
        "_waiting",
        "_wake",
        "_whole",
        "_writable",
        "exchange",
        "most_body",
    )

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.most_body = STREAMS
        self._parts: list[bytes] = []
        self._waiting = 0
        self._whole = False
        self._given = False
        self._gone = False
        self._wake: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._has_room = True
        self._status: tuple[int, list[tuple[bytes, bytes]]] | None = None
        self._length: int | None = None

    def scope(self, state: Mapping[str, Any]) -> Message:
        """The connection scope of ASGI 3."""
        head, length = self.exchange.head, self.exchange.length
        return {
            "type": "http",
            # From 2.4 on applications hear of a caller that left by an error out of `send`: plain replies would log it.
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.0" if head.http10 else "1.1",
            "method": head.method.decode("ascii"),
            "scheme": "http",
            "path": unquote(head.path.decode("ascii")),
            "raw_path": head.path,
            "query_string": head.query,
            "root_path": "",
            "headers": head.headers if length is None else [*head.headers, (b"content-length", b"%d" % length)],
            "client": (self.exchange.peer, 0),
            "server": None,
            "state": dict(state),
        }

    # The engine's side.

    def arrived(self, data: bytes) -> None:
        """A part of the body; reading stops while the application does not take what came."""
        self._parts.append(data)
        self._waiting += len(data)
        if self._waiting > _MOST_WAITING:
            self.exchange.hold(wait=True)
        _resolve(self._wake)

    def complete(self, body: bytes) -> None:
        """The body is whole."""
        del body
        self._whole = True
        _resolve(self._wake)

    def gone(self) -> None:
        """The caller left."""
        self._gone = True
        _resolve(self._wake)
        _resolve(self._writable)

    def room(self, has_room: bool) -> None:
        """Whether the caller takes what is sent."""
        self._has_room = has_room
        if has_room:
            _resolve(self._writable)

    def refusal(self, status: int, reason: str) -> tuple[bytes, bytes] | None:
        """In the server's words."""
        del status, reason

    # The application's side.

    async def receive(self) -> Message:
        """The next part of the body, then, when the caller leaves or has its reply, the disconnection."""
        while not (self._parts or self._whole or self._gone):
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        if self._gone:
            return {"type": "http.disconnect"}
        if self._parts or not self._given:
            body, self._parts, self._waiting = b"".join(self._parts), [], 0
            self._given = self._whole
            if not self._whole:
                self.exchange.hold(wait=False)
            return {"type": "http.request", "body": body, "more_body": not self._whole}
        while not (self._gone or self.exchange.ended):
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """The reply's head, then its parts; waits while the caller takes nothing."""
        if self._gone:
            return
        if message["type"] == "http.response.start":
            self._start(message["status"], message.get("headers", ()))
            return
        body = message.get("body", b"")
        more = message.get("more_body", False)
        self._write(body, more)
        if not more:
            _resolve(self._wake)
        while more and not self._has_room and not self._gone:
            self._writable = asyncio.get_running_loop().create_future()
            await self._writable

    def _start(self, status: int, headers: Any) -> None:
        """Wait with the head for the first part: a reply of one part leaves in one write."""
        kept: list[tuple[bytes, bytes]] = []
        for name, value in headers:
            if name == b"content-length":
                self._length = int(value)
            if name not in _OURS:
                kept.append((name, value))
        self._status = (status, kept)

    def _write(self, body: bytes, more: bool) -> None:
        exchange = self.exchange
        if self._status is not None:
            (status, headers), self._status = self._status, None
            if not more and self._length in (None, len(body)) and exchange.head.method != b"HEAD":
                exchange.reply(status, header_lines(headers), body)
                return
            exchange.begin(status, header_lines(headers), self._length)
        if more:
            exchange.write(body)
        else:
            exchange.end(body)


def _resolve(future: "asyncio.Future[None] | None") -> None:
    if future is not None and not future.done():
        future.set_result(None)
