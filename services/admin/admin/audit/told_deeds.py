"""Deeds of other services as rows of the trail: a table of facts and what each says."""

from collections.abc import Callable
from datetime import UTC
from typing import Any

from google.protobuf.message import Message

from admin.audit.actions import RecordDeed
from admin.audit.rules import Detail, Entry
from admin.facts import ACCESS_TOPIC, INVOICE_TOPIC, KEY_TOPIC, LEDGER_TOPIC, SLA_TOPIC
from chassis.clock import rfc3339
from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, Handler, RecordedEvent
from marketplace.events.v1.access_pb2 import (
    AccessCollected,
    AccessGranted,
    AccessRefused,
    AccessRequested,
    AccessWithdrawn,
)
from marketplace.events.v1.invoice_pb2 import CallsReconciled, InvoiceRegistered
from marketplace.events.v1.key_pb2 import BudgetChanged, KeyChanged, KeyCreated, KeyRevoked, KeyRotated, TierChanged
from marketplace.events.v1.ledger_pb2 import PriceSet, RecalculationCompleted, RecalculationFailed, RecalculationStarted
from marketplace.events.v1.sla_pb2 import SlaBreached, SlaRecovered, SlaTargetsChanged

GROUP = "admin.audit"
# Facts from before they named who did it.
UNNAMED = "consumption"
Telling = Callable[[Any], Entry]


def _key(action: str, fact: Any, **details: Detail) -> Entry:
    return Entry(fact.actor or UNNAMED, f"key.{action}", "key", fact.key_id, fact.team_id, details)


def _access(action: str, actor: str, fact: Any, **details: Detail) -> Entry:
    return Entry(actor or UNNAMED, f"access.{action}", "access_request", fact.request_id, fact.team_id, details)


def _created(fact: KeyCreated) -> Entry:
    actor = fact.actor or fact.account_id
    details: dict[str, Detail] = {"account_id": fact.account_id, "name": fact.name}
    if fact.access_request_id:
        details["access_request_id"] = fact.access_request_id
    return Entry(actor, "key.created", "key", fact.key_id, fact.team_id, details)


def _amount(fact: Any, name: str) -> int | None:
    return getattr(fact, name) if fact.HasField(name) else None


def _tier(fact: TierChanged) -> Entry:
    details: dict[str, Detail] = {"requests_per_second": f"{fact.requests_per_second:g}", "burst": f"{fact.burst:g}"}
    for name in ("tokens_per_minute", "max_concurrency", "monthly_tokens"):
        details[name] = _amount(fact, name)
    return Entry(fact.actor, "tier.changed", "tier", fact.name, None, details)


def _budget(fact: BudgetChanged) -> Entry:
    details: dict[str, Detail] = {name: _amount(fact, name) for name in ("monthly_tokens", "monthly_nanodollars")}
    team = None if fact.kind == "platform" else fact.team_id
    return Entry(fact.actor, "budget.changed", fact.kind, fact.subject_id, team, details)


def _sla(action: str, fact: Any) -> Entry:
    details: dict[str, Detail] = {
        "metric": fact.metric,
        "target": f"{fact.target:g}",
        "measured": f"{fact.measured:g}",
        "window": fact.window,
        "breach_id": fact.breach_id,
        "began_at": rfc3339(fact.began_at.ToDatetime(UTC)),
    }
    return Entry(UNNAMED, f"sla.{action}", "listing", fact.listing_id, fact.team_id, details)


def _targets(fact: SlaTargetsChanged) -> Entry:
    details: dict[str, Detail] = {}
    for name in ("latency_p95_ms", "error_rate", "uptime_percent"):
        details[name] = f"{getattr(fact, name):g}" if fact.HasField(name) else None
    return Entry(fact.actor, "sla.targets_changed", "listing", fact.listing_id, fact.team_id, details)


def _reconciled(fact: CallsReconciled) -> Entry:
    details: dict[str, Detail] = {
        "settled": [call.call_id for call in fact.calls if call.settled],
        "released": [call.call_id for call in fact.calls if not call.settled],
        "cost_nanodollars": sum(call.cost_nanodollars for call in fact.calls),
    }
    return Entry(fact.actor, "invoice.calls_reconciled", "invoice", fact.invoice_id, fact.team_id, details)


def _registered(fact: InvoiceRegistered) -> Entry:
    details: dict[str, Detail] = {"provider": fact.provider, "lines": fact.lines}
    return Entry(fact.actor, "invoice.registered", "invoice", fact.invoice_id, None, details)


def _price(fact: PriceSet) -> Entry:
    details: dict[str, Detail] = {
        "listing_version_ids": list(fact.listing_version_ids),
        "input_nanodollars_per_million": fact.input_nanodollars_per_million,
        "output_nanodollars_per_million": fact.output_nanodollars_per_million,
        "cached_input_nanodollars_per_million": _amount(fact, "cached_input_nanodollars_per_million"),
        "effective_from": rfc3339(fact.effective_from.ToDatetime(UTC)),
    }
    return Entry(fact.actor, "price.set", "listing", fact.listing_id, None, details)


def _recalculation(action: str, fact: Any, **details: Detail) -> Entry:
    return Entry(fact.actor, f"recalculation.{action}", "recalculation", fact.run_id, None, details)


def _begun(fact: RecalculationStarted) -> Entry:
    span = {"from": rfc3339(fact.span_start.ToDatetime(UTC)), "to": rfc3339(fact.span_end.ToDatetime(UTC))}
    narrowed = {name: getattr(fact, name) or None for name in ("team_id", "listing_id", "model")}
    return _recalculation("started", fact, **span, **narrowed)


def _ended(fact: RecalculationCompleted) -> Entry:
    names = ("calls", "corrected", "without_price", "difference_nanodollars")
    return _recalculation("completed", fact, **{name: getattr(fact, name) for name in names})


def _failed(fact: RecalculationFailed) -> Entry:
    return _recalculation("failed", fact, **{name: getattr(fact, name) for name in ("reason", "calls", "corrected")})


def _asked(fact: AccessRequested) -> Entry:
    return _access("requested", fact.account_id, fact, listing_id=fact.listing_id, purpose=fact.purpose)


KEY_DEEDS: dict[type[Message], Telling] = {
    KeyCreated: _created,
    KeyChanged: lambda fact: _key("changed", fact, changed=list(fact.changed)),
    KeyRotated: lambda fact: _key(
        "rotated",
        fact,
        generation=fact.generation,
        previous_ends_at=rfc3339(fact.previous_ends_at.ToDatetime(UTC)),
    ),
    KeyRevoked: lambda fact: _key("revoked", fact),
    TierChanged: _tier,
    BudgetChanged: _budget,
}
ACCESS_DEEDS: dict[type[Message], Telling] = {
    AccessRequested: _asked,
    AccessWithdrawn: lambda fact: _access("withdrawn", fact.actor, fact),
    AccessGranted: lambda fact: _access("granted", fact.decided_by, fact, key_id=fact.key_id),
    AccessRefused: lambda fact: _access("refused", fact.decided_by, fact, comment=fact.comment),
    AccessCollected: lambda fact: _access("collected", fact.actor, fact, key_id=fact.key_id),
}
SLA_DEEDS: dict[type[Message], Telling] = {
    SlaBreached: lambda fact: _sla("breached", fact),
    SlaRecovered: lambda fact: _sla("recovered", fact),
    SlaTargetsChanged: _targets,
}
INVOICE_DEEDS: dict[type[Message], Telling] = {
    InvoiceRegistered: _registered,
    CallsReconciled: _reconciled,
}
LEDGER_DEEDS: dict[type[Message], Telling] = {
    PriceSet: _price,
    RecalculationStarted: _begun,
    RecalculationCompleted: _ended,
    RecalculationFailed: _failed,
}
TOLD = (
    (KEY_TOPIC, KEY_DEEDS),
    (ACCESS_TOPIC, ACCESS_DEEDS),
    (SLA_TOPIC, SLA_DEEDS),
    (INVOICE_TOPIC, INVOICE_DEEDS),
    (LEDGER_TOPIC, LEDGER_DEEDS),
)


def deed_consumers(record: RecordDeed) -> list[Consumer]:
    """One reader for each topic; each fact becomes one row, with the moment of the fact."""
    return [
        Consumer(
            GROUP, topic, {kind.DESCRIPTOR.full_name: _handler(kind, tell, record) for kind, tell in deeds.items()}
        )
        for topic, deeds in TOLD
    ]


def _handler(kind: type[Message], tell: Telling, record: RecordDeed) -> Handler:
    async def take(transaction: Transaction, event: RecordedEvent) -> None:
        await record(transaction, tell(kind.FromString(event.data)), f"aud_{event.id}", event.time)

    return take
