"""Hands a request to the service that answers it, body and reply streamed, and stops when either side goes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import httpx
from starlette.types import Receive, Scope, Send

from gateway.routes.errors import RequestUnreadable, ServiceTimedOut, ServiceUnavailable
from gateway.routes.sent_body import LargeBodies, SentBody
from gateway.signals import GatewaySignals

# A caller who takes nothing for so long gives its connection to the service back.
TAKING_SECONDS = 30.0
# RFC 9110, section 7.6.1: what concerns one connection alone is not handed on.
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
_NOT_TO_SERVICES = _HOP_BY_HOP | {b"host", b"expect", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"}
_SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Proxy:
    """One pooled client for all services; their addresses are configured, never taken from a request."""

    client: httpx.AsyncClient
    base_urls: Mapping[str, str]
    signals: GatewaySignals
    allow: Callable[[str], Awaitable[str]]
    large_bodies: LargeBodies = field(default_factory=LargeBodies)

    async def __call__(self, service: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request by asking the service.

        Raises ServiceUnavailable, ServiceTimedOut, BodyTooLarge, BodyTooSlow.
        """
        body = SentBody(receive)
        if not _has_body(scope):
            await self._pass(service, scope, body, None, send)
        elif (small := await body.if_small()) is not None:
            await self._pass(service, scope, body, small, send)
        else:
            async with self.large_bodies.place():
                await self._pass(service, scope, body, body.chunks(), send)

    async def _pass(
        self, service: str, scope: Scope, body: SentBody, content: bytes | AsyncIterator[bytes] | None, send: Send
    ) -> None:
        request = self.client.build_request(
            scope["method"],
            self.base_urls[service] + _target(scope),
            headers=_onward_headers(scope),
            content=content,
        )
        try:
            response = await self._send(request)
        except httpx.TimeoutException as error:
            raise ServiceTimedOut(f"{service} did not answer in time: try again later.") from error
        except httpx.LocalProtocolError as error:
            raise RequestUnreadable("The request cannot be handed on as it is written: check its headers.") from error
        except httpx.HTTPError as error:
            raise ServiceUnavailable(f"{service} cannot be reached: try again later.", retry_after=2) from error
        self.signals.proxied.labels(service, str(response.status_code)).inc()
        try:
            if response.status_code == 405 and (methods := await self.allow(scope["path"])):
                response.headers["allow"] = methods
            await _reply(response, body, send)
        finally:
            await response.aclose()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self.client.send(request, stream=True)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            # A kept connection may be closed by the service just as it is used; asking twice to read changes nothing.
            if request.method not in _SAFE or "content-length" in request.headers:
                raise
            return await self.client.send(request, stream=True)


async def _reply(response: httpx.Response, body: SentBody, send: Send) -> None:
    gone = asyncio.create_task(body.caller_gone())
    sending = asyncio.create_task(_send_all(response, send))
    try:
        await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
    finally:
        for task in (gone, sending):
            task.cancel()
        await asyncio.gather(gone, sending, return_exceptions=True)


async def _send_all(response: httpx.Response, send: Send) -> None:
    headers = [(name.lower(), value) for name, value in response.headers.raw if name.lower() not in _HOP_BY_HOP]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    async for chunk in response.aiter_raw():
        async with asyncio.timeout(TAKING_SECONDS):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _target(scope: Scope) -> str:
    path = scope.get("raw_path") or scope["path"].encode()
    query = scope.get("query_string", b"")
    return (path + (b"?" + query if query else b"")).decode("latin-1")


def _onward_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    client = scope.get("client") or ("", 0)
    # White space around a value is no part of it (RFC 9110, 5.5); the parser leaves it there, and no client sends it.
    kept = [(name, value.strip(b" \t")) for name, value in scope["headers"] if name not in _NOT_TO_SERVICES]
    return [*kept, (b"x-forwarded-for", str(client[0]).encode())]


def _has_body(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]}
    return not names.isdisjoint({b"content-length", b"transfer-encoding"})
