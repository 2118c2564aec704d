"""Prometheus metrics: a registry for each unit of a process, so that grouped services keep theirs apart."""

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
_DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class RequestMetrics:
    """Requests of one service's HTTP door; the route's template is the label, never its values."""

    def __init__(self, registry: CollectorRegistry, service: str) -> None:
        self._service = service
        self._requests = Counter(
            "marketplace_api_requests_total",
            "Requests by route and status.",
            ["service", "method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "marketplace_api_duration_seconds",
            "Time from the request's head to the end of its answer.",
            ["service", "route"],
            buckets=_DURATION_BUCKETS,
            registry=registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request that ended."""
        self._requests.labels(self._service, method if method.isalpha() else "other", route, str(status)).inc()
        self._seconds.labels(self._service, route).observe(seconds)


def exposition(registry: CollectorRegistry) -> bytes:
    """The registry in Prometheus's text format."""
    return generate_latest(registry)
