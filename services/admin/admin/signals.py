"""Every metric that admin emits, by name, besides those of the HTTP door."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter

FORGOTTEN = "marketplace_admin_sessions_forgotten_total"


def forgotten_rows(registry: CollectorRegistry) -> Callable[[int], None]:
    """Counts the sessions and attempts that the worker deleted because nobody needs them any more."""
    counter = Counter(FORGOTTEN, "Old sessions and counts of attempts that were deleted.", registry=registry)
    return counter.inc
