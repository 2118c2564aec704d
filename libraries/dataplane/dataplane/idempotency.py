"""The Idempotency-Key header, and what a call is told that may not be made under its key.

draft-ietf-httpapi-idempotency-key-header-07; the key may stand in quotes, as there, or without, as with Stripe.
"""

import re

from chassis.errors import ErrorKind, MarketplaceError
from dataplane.ports import Headers
from dataplane.pricing import dollars
from dataplane.reply_claims import ClaimAnswer

_HEADER = b"idempotency-key"
_LONGEST_KEY = 255
_KEY = re.compile(rb"[ -~]{1,%d}" % _LONGEST_KEY)
_QUOTE = b'"'


class IdempotencyKeyInvalid(MarketplaceError):
    """The header is no key."""

    code = "invalid_idempotency_key"
    kind = ErrorKind.INVALID
    status = 400


class IdempotencyKeyReused(MarketplaceError):
    """The key stands for another body."""

    code = "idempotency_key_reused"
    kind = ErrorKind.CONFLICT


class CallInProgress(MarketplaceError):
    """The first call under the key has not ended."""

    code = "idempotency_call_in_progress"
    kind = ErrorKind.CONFLICT


class OutcomeUnknown(MarketplaceError):
    """The first call under the key was made, and nobody knows how it ended."""

    code = "idempotency_outcome_unknown"
    kind = ErrorKind.CONFLICT


class ReplyNotKept(MarketplaceError):
    """The first call under the key was settled, and its reply is not there."""

    code = "idempotency_reply_not_kept"
    kind = ErrorKind.CONFLICT


class RepliesUnavailable(MarketplaceError):
    """Whether the call was made before cannot be asked right now, so it is not made."""

    code = "idempotency_unavailable"
    kind = ErrorKind.UNAVAILABLE


def idempotency_key_in(headers: Headers) -> bytes | None:
    """The key of a request, None where it has none; raises IdempotencyKeyInvalid."""
    found: bytes | None = None
    for name, value in headers:
        if name == _HEADER:
            if found is not None:
                raise _invalid("sent once")
            found = value
    return None if found is None else _checked(found.strip())


def _checked(value: bytes) -> bytes:
    key = value[1:-1] if len(value) > 2 and value.startswith(_QUOTE) and value.endswith(_QUOTE) else value
    if not _KEY.fullmatch(key):
        raise _invalid(f"1 to {_LONGEST_KEY} printable ASCII characters")
    return key


def _invalid(rule: str) -> IdempotencyKeyInvalid:
    return IdempotencyKeyInvalid(f"An Idempotency-Key is {rule}. Use a UUID for each call, and the same for its retry.")


def refusal_of(answer: ClaimAnswer) -> MarketplaceError:
    """Why a call is not made whose key is held, where no reply can be given."""
    first = answer.call_id
    if answer.standing == "different_body":
        return IdempotencyKeyReused("This Idempotency-Key was sent with another body; send a new key with this one.")
    if answer.standing == "in_progress":
        return CallInProgress(f"The first call with this key ({first}) has not ended; try again.", retry_after=1.0)
    if answer.standing == "unknown":
        return OutcomeUnknown(
            f"The end of the first call with this key ({first}) is not known: it may have been answered, and is "
            "charged at what was reserved for it. To make the call again all the same, send a new key.",
            request_id=first,
        )
    lost = "was not read to its end by its caller"
    if answer.standing == "too_large":
        lost = "is larger than 256 KiB, or found no room beside the other replies of your team's last 24 hours,"
    cost = "unknown" if answer.cost is None else f"${dollars(answer.cost)}"
    return ReplyNotKept(
        f"The first call with this key ({first}) was settled, its cost is {cost}; its reply {lost} and was not kept. "
        "To make the call again, send a new key.",
        request_id=first,
    )
