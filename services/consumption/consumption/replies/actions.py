"""What can be done with keys of calls: claiming one, and forgetting those whose day is over."""

from dataclasses import dataclass

from chassis.clock import Clock
from consumption.replies.errors import ClaimUnsettled
from consumption.replies.ports import ExpiredReplies, ReplyStore
from consumption.replies.rules import Claim, Held, Standing, standing_of

_TRIES = 5
_BATCH = 500


@dataclass(frozen=True)
class Answered:
    """What the call may do, and what is kept under its key."""

    standing: Standing
    held: Held


@dataclass(frozen=True)
class ClaimReply:
    """Claims a key for a call, or tells what became of the call that holds it."""

    store: ReplyStore
    clock: Clock

    async def __call__(self, claim: Claim) -> Answered:
        """Raises ClaimantSealed, ClaimUnsettled."""
        for _ in range(_TRIES):
            now = self.clock.now()
            held = await self.store.claim(claim, now)
            if held is not None:
                return Answered(standing_of(held, claim, now), held)
        raise ClaimUnsettled("Others use the same key at the same moment: try again.", retry_after=1.0)


@dataclass(frozen=True)
class PurgeReplies:
    """Forgets replies whose day is over, a batch at a time, so that no statement holds many rows."""

    store: ExpiredReplies
    clock: Clock

    async def __call__(self) -> int:
        """How many were forgotten."""
        purged = 0
        while True:
            some = await self.store.purge(self.clock.now(), _BATCH)
            purged += some
            if some < _BATCH:
                return purged
