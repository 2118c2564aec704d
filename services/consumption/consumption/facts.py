"""The topics that consumption writes, and a fact as an event of theirs."""

from datetime import datetime

from google.protobuf.message import Message

from chassis.event_log.port import Event
from chassis.ids import new_id

SERVICE = "consumption"
KEY_TOPIC = "marketplace.key.v1"
ACCESS_TOPIC = "marketplace.access.v1"
SLA_TOPIC = "marketplace.sla.v1"
INVOICE_TOPIC = "marketplace.invoice.v1"
LEDGER_TOPIC = "marketplace.ledger.v1"


def event_of(topic: str, key: str, fact: Message, now: datetime) -> Event:
    """A fact about `key`, under a fresh id."""
    kind = fact.DESCRIPTOR.full_name
    return Event(new_id("evt", now), topic, key, kind, SERVICE, now, fact.SerializeToString())
