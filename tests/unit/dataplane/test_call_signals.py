"""What a process of calls tells of itself, under the names that are asked for."""

from prometheus_client import CollectorRegistry

from dataplane.call_signals import SettlementSignals
from dataplane.settlement import SettlementHealth


def test_settled_calls_are_counted_once_however_often_they_are_shown() -> None:
    signals = SettlementSignals(registry := CollectorRegistry())
    health = SettlementHealth()
    for sent, failures in ((0, 0), (7, 2), (7, 0), (12, 1)):
        health.sent, health.failures_in_a_row = sent, failures
        signals.show(health)
        assert registry.get_sample_value("marketplace_calls_settled_total") == sent
        assert registry.get_sample_value("marketplace_settlement_failures_in_a_row") == failures
