"""Wires the ways from the public door: to the data plane, to the gateway's own pages, to the services."""

import logging
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry

from chassis.clock import SystemClock
from chassis.errors import MarketplaceError
from chassis.health import Readiness
from chassis.ids import new_id
from chassis.web.refusals import refusal
from dataplane.vetted_addresses import system_addresses
from gateway.front.documentation_client import DocumentationClient
from gateway.front.door import Crossing, OwnPages, Ways
from gateway.front.operations import Operations
from gateway.front.problems import problem
from gateway.routes.caller_address import TrustedProxies
from gateway.routes.coarse_limit import CoarseLimit
from gateway.routes.proxy import Proxy
from gateway.settings import GatewaySettings
from gateway.signals import GatewaySignals
from wire.asgi import AsgiHost
from wire.client import Client
from wire.limits import ClientLimits
from wire.origin import Origin
from wire.relay import Relay
from wire.server_state import Accept
from wire.ticker import Ticker

# What Via calls this server.
_VIA = b"marketplace"
_MOST_CONNECTIONS = 200
_log = logging.getLogger("gateway")


@dataclass(frozen=True, slots=True)
class Services:
    """The services behind, by name, and the client that all ways to their HTTP doors share."""

    client: Client
    origins: dict[str, Origin]

    @classmethod
    def of(cls, knobs: GatewaySettings, ticker: Ticker) -> "Services":
        """Where the settings say they are; the client is to be closed."""
        urls = {
            "admin": knobs.admin_url,
            "publishing": knobs.publishing_url,
            "discovery": knobs.discovery_url,
            "consumption": knobs.consumption_url,
        }
        client = Client(system_addresses, ticker, ClientLimits(connections=_MOST_CONNECTIONS))
        return cls(client, {service: _origin(url) for service, url in urls.items()})


@dataclass(frozen=True, slots=True)
class Front:
    """What the public door stands on."""

    calls: Accept
    ticker: Ticker
    signals: GatewaySignals
    limit: CoarseLimit
    services: Services
    readiness: Readiness
    registry: CollectorRegistry
    clock: SystemClock

    def new_request_id(self) -> str:
        """For a refusal, and for the log."""
        return new_id("req", self.clock.now())

    def open(self, knobs: GatewaySettings) -> Crossing:
        """The door."""
        documentation = DocumentationClient(self.services.client, self.services.origins, time.monotonic)
        operations = Operations(self.readiness, self.registry, documentation.document)
        pages = AsgiHost(OwnPages(operations, self.new_request_id), _log_fault, refusal)
        proxy = self._proxy(knobs, documentation)
        return Crossing(Ways(self.calls, pages.accept, proxy.hand_on), self.signals, self.new_request_id)

    def _proxy(self, knobs: GatewaySettings, documentation: DocumentationClient) -> Proxy:
        return Proxy(
            relay=Relay(self.services.client, self.ticker, _VIA),
            origins=self.services.origins,
            signals=self.signals,
            allow=documentation.allow,
            check_limit=self.limit.check,
            as_reply=self._as_reply,
            trusted=TrustedProxies.of(knobs.trusted_proxies),
        )

    def _as_reply(self, error: MarketplaceError, path: str) -> tuple[int, bytes, bytes]:
        return problem(error, path, self.new_request_id())


def _origin(url: str) -> Origin:
    place = urlsplit(url)
    tls = place.scheme == "https"
    return Origin(place.hostname or "", place.port or (443 if tls else 80), tls)


def _log_fault(fault: BaseException) -> None:
    _log.error("a request broke", exc_info=fault)
