"""What Grafana shows and Prometheus watches are samples that the processes give, each under the name of its kind."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from chassis.event_log.lag_watch import LagWatch
from chassis.metrics import RequestMetrics, exposition
from discovery.signals import SearchMetrics, watch_index
from gateway.signals import GatewaySignals

OBSERVABILITY = Path(__file__).parents[2] / "infrastructure/observability"
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}
NOTHING: Any = SimpleNamespace(without_vectors=0, last_delay=None, hits=0, misses=0)


@pytest.fixture(scope="module")
def samples() -> set[str]:
    """The names that Prometheus stores: a counter's ends in _total, a gauge's does not."""
    registry = CollectorRegistry()
    RequestMetrics(registry, "gateway")
    LagWatch(registry, NOTHING)
    SearchMetrics(registry)
    watch_index(registry, NOTHING, NOTHING)
    GatewaySignals(registry)
    # The types, not the samples: what has labels has no sample before its first use.
    types = re.findall(r"^# TYPE (\w+) (\w+)$", exposition(registry).decode(), re.MULTILINE)
    return {name + suffix for name, kind in types for suffix in SUFFIXES.get(kind, ("",))}


@pytest.mark.parametrize("place", ["grafana/dashboards/marketplace.json", "alerts.yml"])
def test_what_is_shown_and_watched_are_metrics_that_exist(place: str, samples: set[str]) -> None:
    shown = set(re.findall(r"marketplace_[a-z_]+", (OBSERVABILITY / place).read_text()))
    assert shown
    assert not shown - samples
