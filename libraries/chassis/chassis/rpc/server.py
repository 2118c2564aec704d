"""The gRPC door: methods are denied unless a table allows the calling service; errors become statuses here."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from chassis.errors import KIND_FACTS, Forbidden, InvalidInput, MarketplaceError
from chassis.identity.access_tokens import TokenRefused
from chassis.identity.service_tokens import ServiceTokenVerifier

CODE_METADATA = "marketplace-error-code"
MAX_DEADLINE_SECONDS = 60.0
_HEALTH_PREFIX = "/grpc.health.v1.Health/"
_OPTIONS = [
    ("grpc.max_receive_message_length", 8 * 1024 * 1024),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.so_reuseport", 0),
]

AllowedCallers = Mapping[str, frozenset[str]]
# What a servicer method gets beside its request.
Context = grpc.aio.ServicerContext[Any, Any]
Register = Callable[[grpc.aio.Server], None]
_log = logging.getLogger("rpc")
# The stubs of grpc_health do not know its asyncio half.
_health: Any = health
_health_grpc: Any = health_pb2_grpc


class Guard(grpc.aio.ServerInterceptor):
    """Lets a call in where its service token names a caller that the table allows for that method."""

    def __init__(self, verifier: ServiceTokenVerifier, allowed: AllowedCallers) -> None:
        self._verifier = verifier
        self._allowed = allowed

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Refuse by a handler that only aborts, or pass the method's own handler with errors translated."""
        method = str(handler_call_details.method)
        handler = await continuation(handler_call_details)
        if handler is None or method.startswith(_HEALTH_PREFIX):
            return handler
        try:
            self._admit(method, dict(handler_call_details.invocation_metadata or ()))
        except MarketplaceError as refusal:
            return _refusing(handler, refusal)
        return _translating(handler)

    def _admit(self, method: str, metadata: Mapping[str, str | bytes]) -> None:
        header = str(metadata.get("authorization", ""))
        if not header.startswith("Bearer "):
            raise TokenRefused("The call carries no service token.")
        caller = self._verifier.verify(header.removeprefix("Bearer "))
        if caller.service not in self._allowed.get(method, frozenset()):
            raise Forbidden(f"{caller.service} may not call {method}.")


def _translating(handler: Any) -> Any:
    if handler.response_streaming:

        async def stream(request: Any, context: Any) -> Any:
            try:
                async for message in handler.unary_stream(request, context):
                    yield message
            except MarketplaceError as error:
                await _abort(context, error)

        return grpc.unary_stream_rpc_method_handler(stream, handler.request_deserializer, handler.response_serializer)

    async def unary(request: Any, context: Any) -> Any:
        try:
            _require_deadline(context)
            return await handler.unary_unary(request, context)
        except MarketplaceError as error:
            return await _abort(context, error)

    return grpc.unary_unary_rpc_method_handler(unary, handler.request_deserializer, handler.response_serializer)


def _refusing(handler: Any, refusal: MarketplaceError) -> Any:
    async def refuse(_request: Any, context: Any) -> Any:
        return await _abort(context, refusal)

    make = grpc.unary_stream_rpc_method_handler if handler.response_streaming else grpc.unary_unary_rpc_method_handler
    return make(refuse, handler.request_deserializer, handler.response_serializer)


def _require_deadline(context: Any) -> None:
    remaining = context.time_remaining()
    if remaining is None or remaining > MAX_DEADLINE_SECONDS:
        raise InvalidInput(f"Give the call a deadline of at most {MAX_DEADLINE_SECONDS:.0f} s.")


async def _abort(context: Any, error: MarketplaceError) -> Any:
    facts = KIND_FACTS[error.kind]
    _log.log(getattr(logging, facts.log_level.upper()), "%s: %s", error.code, error.message)
    await context.abort(
        grpc.StatusCode[facts.grpc_code], error.message, trailing_metadata=((CODE_METADATA, error.code),)
    )


@dataclass(frozen=True)
class GrpcDoor:
    """A gRPC server of one service: where it listens, what it serves, who may call what."""

    address: str
    register: Register
    verifier: ServiceTokenVerifier
    allowed: AllowedCallers

    def build(self) -> tuple[grpc.aio.Server, Any]:
        """The server, bound and not yet started, and its health service. Raises OSError where the port is taken."""
        server = grpc.aio.server(interceptors=[Guard(self.verifier, self.allowed)], options=_OPTIONS)
        self.register(server)
        servicer: Any = _health.aio.HealthServicer()
        _health_grpc.add_HealthServicer_to_server(servicer, server)
        try:
            port = server.add_insecure_port(self.address)
        except RuntimeError:
            port = 0
        if port == 0:
            raise OSError(f"{self.address} is in use or may not be opened")
        return server, servicer


SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
