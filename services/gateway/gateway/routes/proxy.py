"""Hands a request to the service that answers it, by the engine's relay, and says in our words where that fails."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from chassis.errors import MarketplaceError
from gateway.routes.caller_address import TrustedProxies
from gateway.routes.errors import BodyTooLarge, BodyTooSlow, RequestUnreadable, ServiceTimedOut, ServiceUnavailable
from gateway.signals import GatewaySignals
from wire.exchange import Exchange
from wire.origin import Origin
from wire.relay import Relay
from wire.relayed import Relayed, pass_on
from wire.request_head import Headers

# Who the caller is, services hear from us alone.
_OURS_TO_SAY = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"})
_METHOD_NOT_ALLOWED = 405
# A refusal as a reply: error and path to status, header lines and body.
AsReply = Callable[[MarketplaceError, str], tuple[int, bytes, bytes]]


@dataclass(frozen=True)
class Proxy:
    """The way to all services; their addresses are configured, never taken from a request."""

    relay: Relay
    origins: Mapping[str, Origin]
    signals: GatewaySignals
    allow: Callable[[str], Awaitable[str]]
    check_limit: Callable[[str], Awaitable[None]]
    as_reply: AsReply
    trusted: TrustedProxies = field(default_factory=TrustedProxies)

    def hand_on(self, service: str, exchange: Exchange) -> Relayed:
        """Answer one request by asking the service."""
        return pass_on(self.relay, exchange, _Passage(self, service, exchange))


class _Passage:
    """What the gateway says about one request."""

    __slots__ = ("_address", "_exchange", "_proxy", "_service", "amends", "asks_first", "origin")

    def __init__(self, proxy: Proxy, service: str, exchange: Exchange) -> None:
        self._proxy = proxy
        self._service = service
        self._exchange = exchange
        self._address = proxy.trusted.caller(exchange.peer, exchange.head.headers)
        self.origin = proxy.origins[service]
        self.asks_first = True
        self.amends = frozenset({_METHOD_NOT_ALLOWED})

    async def permit(self) -> tuple[int, bytes, bytes] | None:
        """The coarse limit of the caller's address."""
        try:
            await self._proxy.check_limit(self._address)
        except MarketplaceError as error:
            return self._proxy.as_reply(error, self._path)
        return None

    def request_headers(self, headers: Headers) -> Headers:
        """The caller's, and its address in our words."""
        kept = [(name, value) for name, value in headers if name not in _OURS_TO_SAY]
        return [*kept, (b"x-forwarded-for", self._address.encode("ascii"))]

    async def amended(self, status: int, headers: Headers) -> Headers:
        """A refused method tells what the path takes, whichever service takes it."""
        del status
        methods = await self._proxy.allow(self._path)
        if not methods:
            return headers
        return [*((name, value) for name, value in headers if name != b"allow"), (b"allow", methods.encode("ascii"))]

    def answered(self, status: int) -> None:
        """Count it."""
        self._proxy.signals.proxied.labels(self._service, str(status)).inc()

    def words(self, status: int, reason: str) -> tuple[int, bytes, bytes]:
        """Problem documents."""
        return self._proxy.as_reply(self._error(status, reason), self._path)

    @property
    def _path(self) -> str:
        return unquote(self._exchange.head.path.decode("ascii"))

    def _error(self, status: int, reason: str) -> MarketplaceError:
        said = reason.replace("The server", self._service)
        match status:
            case 413:
                return BodyTooLarge(said)
            case 408:
                return BodyTooSlow(said)
            case 502 | 503:
                return ServiceUnavailable(said, retry_after=2)
            case 504:
                return ServiceTimedOut(said)
            case 500:
                return MarketplaceError(said)
            case _:
                return RequestUnreadable(said)
