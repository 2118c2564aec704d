"""The topics that admin writes, and the port by which an action states a fact."""

from typing import Protocol

from google.protobuf.message import Message

SERVICE = "admin"
IDENTITY_TOPIC = "marketplace.identity.v1"
APPROVAL_TOPIC = "marketplace.approval.v1"
USAGE_TOPIC = "marketplace.usage.v1"
LISTING_TOPIC = "marketplace.listing.v1"


class Facts(Protocol):
    """Facts of one transaction: with its rollback they never were."""

    async def append(self, topic: str, key: str, fact: Message) -> None:
        """State a fact about the entity `key`."""
        ...
