"""Every metric that discovery emits, by name."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from chassis.errors import KIND_FACTS, MarketplaceError
from discovery.embeddings.cached_embedder import CachedEmbedder
from discovery.following.progress import Progress

_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.12, 0.18, 0.25, 0.5, 1.0, 2.5)

# An index or a database that is away refuses nobody.
_OUR_FAULT = 500


class SearchMetrics:
    """Searches by outcome (answered, degraded, refused, failed) and how long they took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "marketplace_search_requests_total", "Searches by outcome.", ["outcome"], registry=registry
        )
        self._seconds = Histogram(
            "marketplace_search_duration_seconds", "Time of a search.", buckets=_BUCKETS, registry=registry
        )

    @contextmanager
    def search(self) -> "Generator[RunningSearch]":
        """Around one search."""
        running = RunningSearch()
        started = time.perf_counter()
        try:
            yield running
        except MarketplaceError as error:
            if KIND_FACTS[error.kind].status < _OUR_FAULT:
                running.outcome = "refused"
            raise
        finally:
            self._seconds.observe(time.perf_counter() - started)
            self._requests.labels(running.outcome).inc()


class RunningSearch:
    """How the search went: a fault of ours, until it is known to be something else."""

    outcome = "failed"

    def answered(self, *, degraded: bool) -> None:
        """Words alone answered where `degraded`."""
        self.outcome = "degraded" if degraded else "answered"


def watch_index(registry: CollectorRegistry, progress: Progress, cache: CachedEmbedder) -> None:
    """Gauges that are read when somebody looks."""
    gauges = {
        "marketplace_search_listings_without_vectors": lambda: progress.without_vectors,
        "marketplace_search_freshness_seconds": lambda: progress.last_delay or 0.0,
        "marketplace_search_cache_hits": lambda: cache.hits,
        "marketplace_search_cache_misses": lambda: cache.misses,
    }
    for name, value in gauges.items():
        Gauge(name, _HELP[name], registry=registry).set_function(value)


_HELP = {
    "marketplace_search_listings_without_vectors": "Listings that are found by words alone until they have vectors.",
    "marketplace_search_freshness_seconds": "From the last fact about a listing to the moment it could be found.",
    "marketplace_search_cache_hits": "Query vectors that were remembered.",
    "marketplace_search_cache_misses": "Query vectors that the model had to make.",
}
