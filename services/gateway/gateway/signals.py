"""Every metric that the gateway emits, by name."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class GatewaySignals:
    """Counters and gauges of this process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter(
            "marketplace_data_plane_requests", "Requests to the data plane's paths.", ["path_kind"], registry=registry
        )
        self.proxied = Counter(
            "marketplace_gateway_proxied",
            "Requests handed on, by service and status.",
            ["service", "status"],
            registry=registry,
        )
        self.limited = Counter("marketplace_gateway_limited", "Requests over the coarse limit.", registry=registry)
        self.unlimited = Counter(
            "marketplace_gateway_limit_skipped",
            "Requests let through because Valkey did not answer.",
            registry=registry,
        )
        self.settled = Gauge(
            "marketplace_calls_settled", "Ends of calls that consumption acknowledged.", registry=registry
        )
        self.settlement_failures = Gauge(
            "marketplace_settlement_failures_in_a_row",
            "Failed tries since the last acknowledgement.",
            registry=registry,
        )
        self.in_flight = Gauge("marketplace_calls_in_flight", "Calls under way.", registry=registry)
