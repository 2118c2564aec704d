"""Every metric of the data plane, by name."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from dataplane.analytics_buffer import AnalyticsBuffer
from dataplane.rate_leaser import RateLeaser
from dataplane.settlement import SettlementHealth


class RateSignals:
    """Gauges of the rates that this process counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._degraded = Gauge(
            "marketplace_rates_degraded",
            "1 while this process counts rates alone because Valkey does not answer.",
            registry=registry,
        )
        self._keys_alone = Gauge(
            "marketplace_rate_keys_alone", "Keys whose rates this process counts alone.", registry=registry
        )
        self._exchanges = Gauge(
            "marketplace_rate_exchanges", "Times that rates were asked of Valkey.", registry=registry
        )
        self._failures = Gauge(
            "marketplace_rate_failures", "Keys that were asked for and not answered in time.", registry=registry
        )

    def show(self, leaser: RateLeaser) -> None:
        """Bring the figures of the rates up to date."""
        self._degraded.set(0 if leaser.degraded is None else 1)
        self._keys_alone.set(len(leaser.book.alone))
        self._exchanges.set(leaser.exchanges)
        self._failures.set(leaser.failures)


class AnalyticsSignals:
    """How calls went, on its way to analytics."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._kept = Gauge("marketplace_analytics_kept", "Ended calls that wait for analytics.", registry=registry)
        self._sent = Counter("marketplace_analytics_sent", "Ended calls that analytics counted.", registry=registry)
        self._dropped = Counter(
            "marketplace_analytics_dropped", "Ended calls that analytics will never hear of.", registry=registry
        )
        self._shown = (0, 0)

    def show(self, buffer: AnalyticsBuffer) -> None:
        """Bring the figures up to date."""
        sent, dropped = self._shown
        self._kept.set(len(buffer))
        self._sent.inc(buffer.sent - sent)
        self._dropped.inc(buffer.dropped - dropped)
        self._shown = (buffer.sent, buffer.dropped)


class SettlementSignals:
    """How the ends of calls reach consumption."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._settled = Counter(
            "marketplace_calls_settled", "Ends of calls that consumption acknowledged.", registry=registry
        )
        self._failures = Gauge(
            "marketplace_settlement_failures_in_a_row",
            "Failed tries since the last acknowledgement.",
            registry=registry,
        )
        self._shown = 0

    def show(self, health: SettlementHealth) -> None:
        """Bring the figures up to date."""
        self._settled.inc(health.sent - self._shown)
        self._failures.set(health.failures_in_a_row)
        self._shown = health.sent


class RequestCounts(Collector):
    """Requests to the data plane's paths: plain numbers, for a counter with a lock costs as much as a lease."""

    def __init__(self) -> None:
        self.calls = 0
        self.questions = 0

    def collect(self) -> Iterable[Metric]:
        """The figures of this moment."""
        requests = CounterMetricFamily(
            "marketplace_data_plane_requests", "Requests to the data plane's paths.", labels=["path_kind"]
        )
        requests.add_metric(["call"], self.calls)
        requests.add_metric(["models"], self.questions)
        return [requests]


class CallSignals:
    """Counters and gauges of the calls of this process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = RequestCounts()
        registry.register(self.requests)
        self.settlement = SettlementSignals(registry)
        self.in_flight = Gauge("marketplace_calls_in_flight", "Calls under way.", registry=registry)
        self.rates = RateSignals(registry)
        self.analytics = AnalyticsSignals(registry)
        self.policy_bundle = Gauge(
            "marketplace_policy_bundle_version", "Version of the policies in force; 0 for none.", registry=registry
        )
        self.policy_denials = Gauge(
            "marketplace_policy_denials", "Calls that policies refused since the start.", registry=registry
        )
