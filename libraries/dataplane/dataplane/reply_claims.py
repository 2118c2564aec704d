"""Claims of Idempotency-Keys: who may call under one, and what became of the call that held it before."""

import hmac
from dataclasses import dataclass
from typing import Literal, Protocol

from dataplane.kept_reply import KeptReply

Standing = Literal["claimed", "kept", "in_progress", "different_body", "too_large", "caller_left", "unknown"]

_PURPOSE = b"idempotency\0"


@dataclass(frozen=True, slots=True)
class Claim:
    """A call that is about to be made.

    Digests are HMAC-SHA256: `scope_digest` stands for API key, path and Idempotency-Key, `body_digest` for the body.
    """

    team_id: str
    scope_digest: bytes
    body_digest: bytes
    call_id: str


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """What the call may do, or what became of `call_id`, which holds the key. A cost of None is unknown, never 0."""

    standing: Standing
    call_id: str = ""
    reply: KeptReply | None = None
    cost: int | None = None


class Replies(Protocol):
    """Consumption's kept replies."""

    async def claim(self, claim: Claim) -> ClaimAnswer:
        """Claim a key; the answer may have been lost where this raises, and the claim may stand. Raises Unavailable."""
        ...


def scope_digest(pepper: bytes, key_id: str, path: bytes, idempotency_key: bytes) -> bytes:
    """What a key is found by. A path and a key id hold no NUL, so that no two scopes run into one text."""
    return hmac.digest(pepper, b"\0".join((_PURPOSE, key_id.encode(), path, idempotency_key)), "sha256")


def body_digest(pepper: bytes, body: bytes) -> bytes:
    """What a body is compared by; without the pepper nobody finds a prompt by guessing."""
    return hmac.digest(pepper, _PURPOSE + body, "sha256")
