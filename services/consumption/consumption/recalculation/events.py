"""The facts about recalculations, as events."""

from datetime import datetime

from chassis.event_log.port import Event
from consumption.facts import LEDGER_TOPIC, event_of
from consumption.recalculation.rules import Run
from marketplace.events.v1 import ledger_pb2

_LARGEST = 2**63 - 1


def started(run: Run, now: datetime) -> Event:
    """A recalculation was asked for."""
    scope = run.scope
    fact = ledger_pb2.RecalculationStarted(
        run_id=run.run_id,
        actor=run.requested_by,
        team_id=scope.team_id or "",
        listing_id=scope.listing_id or "",
        model=scope.model or "",
    )
    fact.span_start.FromDatetime(scope.start)
    fact.span_end.FromDatetime(scope.end)
    return event_of(LEDGER_TOPIC, run.run_id, fact, now)


def completed(run: Run, now: datetime) -> Event:
    """A recalculation has come to its end."""
    counts = run.counts
    fact = ledger_pb2.RecalculationCompleted(
        run_id=run.run_id,
        actor=run.requested_by,
        calls=counts.calls,
        corrected=counts.corrected,
        without_price=counts.without_price,
        difference_nanodollars=max(-_LARGEST, min(counts.difference, _LARGEST)),
    )
    return event_of(LEDGER_TOPIC, run.run_id, fact, now)


def failed(run: Run, now: datetime) -> Event:
    """A recalculation has come to what it cannot do."""
    fact = ledger_pb2.RecalculationFailed(
        run_id=run.run_id,
        actor=run.requested_by,
        reason=run.failure or "",
        calls=run.counts.calls,
        corrected=run.counts.corrected,
    )
    return event_of(LEDGER_TOPIC, run.run_id, fact, now)
