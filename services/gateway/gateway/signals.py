"""Every metric that the gateway emits, by name."""

from prometheus_client import CollectorRegistry, Counter

from dataplane.call_signals import CallSignals


class GatewaySignals:
    """Counters and gauges of this process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.data_plane = CallSignals(registry)
        self.proxied = Counter(
            "marketplace_gateway_proxied",
            "Requests handed on, by service and status.",
            ["service", "status"],
            registry=registry,
        )
        self.limited = Counter("marketplace_gateway_limited", "Requests over the coarse limit.", registry=registry)
        self.alone = Counter(
            "marketplace_gateway_limited_alone",
            "Requests held to the coarse limit by this gateway alone because Valkey did not answer in time.",
            registry=registry,
        )
