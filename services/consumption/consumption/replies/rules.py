"""What a call that comes with an Idempotency-Key is answered, by what is kept under that key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LIFETIME = timedelta(hours=24)
# Longer than any call and its settlement take; a claim that is open after that was lost with its process and its disk.
LONGEST_CALL = timedelta(minutes=15)
OPEN = "open"


class Standing(StrEnum):
    """What a call under a key may do, or what became of the one before it."""

    CLAIMED = "claimed"
    KEPT = "kept"
    IN_PROGRESS = "in_progress"
    DIFFERENT_BODY = "different_body"
    TOO_LARGE = "too_large"
    CALLER_LEFT = "caller_left"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Claim:
    """A call that is about to be made.

    Digests are 32 bytes: `scope_digest` stands for API key, path and Idempotency-Key, `body_digest` for the body.
    """

    holder: str
    team_id: str
    scope_digest: bytes
    body_digest: bytes
    call_id: str


@dataclass(frozen=True)
class Reply:
    """What a caller was told; whole header lines."""

    status: int
    header_lines: bytes
    body: bytes


@dataclass(frozen=True)
class Held:
    """What is kept under a key; a cost of None is unknown, never 0."""

    call_id: str
    body_digest: bytes
    state: str
    claimed_at: datetime
    reply: Reply | None = None
    cost: int | None = None


def standing_of(held: Held, claim: Claim, now: datetime) -> Standing:
    """What is answered where the key is held; whoever sends another body learns nothing of the first call's end."""
    if held.call_id == claim.call_id:
        return Standing.CLAIMED
    if held.body_digest != claim.body_digest:
        return Standing.DIFFERENT_BODY
    if held.state == OPEN:
        return Standing.UNKNOWN if now - held.claimed_at > LONGEST_CALL else Standing.IN_PROGRESS
    return Standing(held.state)
