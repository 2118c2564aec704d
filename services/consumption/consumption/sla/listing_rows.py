"""Listings and breaches as rows of PostgreSQL."""

from chassis.database.transaction import Row
from consumption.sla.rules import Breach, Metric, SlaListing, Targets

LISTING_COLUMNS = """
    l.listing_id, l.team_id, l.full_name, l.promised_latency_p95_ms, l.promised_uptime_percent,
    t.latency_p95_ms, t.error_rate, t.uptime_percent
"""
BREACH_COLUMNS = "breach_id, metric, measured_over, target, measured, calls, began_at, ended_at"


def listing_of(row: Row) -> SlaListing:
    """The listing in a row of LISTING_COLUMNS."""
    promised = {
        Metric.LATENCY_P95: row["promised_latency_p95_ms"],
        Metric.UPTIME: row["promised_uptime_percent"],
    }
    chosen = {metric: row[metric.value] for metric in Metric}
    return SlaListing(row["listing_id"], row["team_id"], row["full_name"], _known(promised), _known(chosen))


def breach_of(row: Row) -> Breach:
    """The breach in a row of BREACH_COLUMNS."""
    return Breach(
        *(row["breach_id"], Metric(row["metric"]), row["measured_over"], row["target"], row["measured"], row["calls"]),
        began_at=row["began_at"],
        ended_at=row["ended_at"],
    )


def _known(figures: dict[Metric, float | None]) -> Targets:
    return {metric: figure for metric, figure in figures.items() if figure is not None}
