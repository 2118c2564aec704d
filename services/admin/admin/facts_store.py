"""Facts in PostgreSQL's event log: kept until the end of the transaction, then appended key by key."""

from dataclasses import dataclass, field
from datetime import datetime

from google.protobuf.message import Message

from admin.facts import SERVICE
from chassis.database.transaction import Transaction
from chassis.event_log.port import Event, EventLog
from chassis.identity.issuer_client import AccountEpochs
from chassis.ids import new_id
from marketplace.events.v1.identity_pb2 import AccountEpochAdvanced


@dataclass(frozen=True)
class LoggedFacts:
    """Facts of one transaction; `epochs` is what this process knows of withdrawn tokens."""

    transaction: Transaction
    now: datetime
    log: EventLog
    epochs: AccountEpochs
    events: list[Event] = field(default_factory=list[Event])

    async def append(self, topic: str, key: str, fact: Message) -> None:
        """Keep a fact for the end of the transaction."""
        event_id = new_id("evt", self.now)
        kind = fact.DESCRIPTOR.full_name
        self.events.append(Event(event_id, topic, key, kind, SERVICE, self.now, fact.SerializeToString()))
        if isinstance(fact, AccountEpochAdvanced):
            # This process need not wait for the log to bring its own fact back.
            account_id, epoch = fact.account_id, fact.epoch
            self.transaction.after_commit(lambda: self.epochs.advance(account_id, epoch))

    async def write(self) -> None:
        """Append the facts; the log locks each key, so the keys come in one order for all transactions."""
        if self.events:
            await self.log.append(self.transaction, sorted(self.events, key=lambda event: (event.topic, event.key)))
