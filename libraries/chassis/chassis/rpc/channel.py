"""The calling side of gRPC: a channel that proves who we are, gives each call a deadline and raises our errors."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import grpc

from chassis.errors import KIND_FACTS, ErrorKind, MarketplaceError
from chassis.identity.service_tokens import ServiceTokenIssuer
from chassis.rpc.server import CODE_METADATA

DEFAULT_DEADLINE_SECONDS = 5.0
_OPTIONS = [
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    # As soon as a part that was started again is ready, it is also reached.
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.enable_retries", 0),
]

Response = TypeVar("Response")


class RemoteError(MarketplaceError):
    """What another service answered instead of a result: `code` and kind are that service's."""

    def __init__(self, code: str, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.code = code  # pyright: ignore[reportAttributeAccessIssue] -- one instance, the callee's code
        self.kind = kind  # pyright: ignore[reportAttributeAccessIssue]


_KIND_OF_STATUS = {facts.grpc_code: kind for kind, facts in KIND_FACTS.items()} | {
    "CANCELLED": ErrorKind.UNAVAILABLE,
    "UNKNOWN": ErrorKind.INTERNAL,
    "UNIMPLEMENTED": ErrorKind.INTERNAL,
    "ALREADY_EXISTS": ErrorKind.CONFLICT,
    "FAILED_PRECONDITION": ErrorKind.CONFLICT,
}


class Peer:
    """Another service, by its name and address."""

    def __init__(self, name: str, channel: grpc.aio.Channel, issuer: ServiceTokenIssuer) -> None:
        self.name = name
        self.channel = channel
        self._issuer = issuer

    @classmethod
    @asynccontextmanager
    async def open(cls, name: str, address: str, issuer: ServiceTokenIssuer) -> "AsyncGenerator[Peer]":
        """A channel that connects when it is first used and reconnects by itself."""
        async with grpc.aio.insecure_channel(address, options=_OPTIONS) as channel:
            yield cls(name, channel, issuer)

    async def ask(
        self,
        method: Callable[..., Awaitable[Response]],
        request: Any,
        *,
        deadline: float = DEFAULT_DEADLINE_SECONDS,
        account_id: str | None = None,
    ) -> Response:
        """Call a unary method of a stub on this channel. `deadline` in seconds. Raises RemoteError."""
        try:
            return await method(request, timeout=deadline, metadata=self.metadata(account_id))
        except grpc.aio.AioRpcError as error:
            raise self.translated(error) from None

    def metadata(self, account_id: str | None = None) -> tuple[tuple[str, str], ...]:
        """What each call carries: our token, naming the user where there is one."""
        return (("authorization", f"Bearer {self._issuer.token_for(self.name, account_id)}"),)

    def translated(self, error: grpc.aio.AioRpcError) -> MarketplaceError:
        """The error of ours for a failed call."""
        kind = _KIND_OF_STATUS.get(error.code().name, ErrorKind.INTERNAL)
        code = dict(error.trailing_metadata() or ()).get(CODE_METADATA)
        if code is not None:
            return RemoteError(str(code), kind, error.details() or "")
        return RemoteError(f"{self.name}_{kind.value}", kind, f"{self.name} does not answer: try again later.")
