"""What replies and claims are kept in."""

from datetime import datetime
from typing import Protocol

from consumption.replies.rules import Claim, Held


class ReplyStore(Protocol):
    """Claims and replies, of one team at a time."""

    async def claim(self, claim: Claim, now: datetime) -> Held | None:
        """Take the key where it is free or expired; what is kept under it now, None where it was freed meanwhile.

        Raises ClaimantSealed.
        """
        ...


class ExpiredReplies(Protocol):
    """What is kept longer than it lives."""

    async def purge(self, now: datetime, at_most: int) -> int:
        """Delete so many expired replies; how many there were."""
        ...
