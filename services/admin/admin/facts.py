"""The topics that admin writes and reads, and the port by which an action states a fact."""

from typing import Protocol

from google.protobuf.message import Message

SERVICE = "admin"
IDENTITY_TOPIC = "marketplace.identity.v1"
APPROVAL_TOPIC = "marketplace.approval.v1"
POLICY_TOPIC = "marketplace.policy.v1"
USAGE_TOPIC = "marketplace.usage.v1"
KEY_TOPIC = "marketplace.key.v1"
ACCESS_TOPIC = "marketplace.access.v1"
SLA_TOPIC = "marketplace.sla.v1"
INVOICE_TOPIC = "marketplace.invoice.v1"
LEDGER_TOPIC = "marketplace.ledger.v1"
LISTING_TOPIC = "marketplace.listing.v1"


class Facts(Protocol):
    """Facts of one transaction: with its rollback they never were."""

    async def append(self, topic: str, key: str, fact: Message) -> None:
        """State a fact about the entity `key`."""
        ...
