"""The reply to a call that came with an Idempotency-Key, as it is kept for who sends the call again."""

from typing import Literal

import msgspec

from dataplane.whole_numbers import Status

Fate = Literal["kept", "too_large", "caller_left", "released"]

# What is kept of a body, also of a stream's; more is told to have been too large.
LARGEST_BODY = 256 << 10
_LONGEST_LINES = 64 << 10
# How limits stood at that moment says nothing to a later caller.
_MOMENTARY = (b"ratelimit", b"x-ratelimit-", b"retry-after", b"x-marketplace-limit")
_REMAINING = b"-remaining-"
_TOO_MANY = 429


class KeptReply(msgspec.Struct, frozen=True, array_like=True):
    """What the caller was told. The body is empty where the fate is not `kept`; `released`: the key is free again."""

    fate: Fate
    status: Status
    header_lines: bytes = b""
    body: bytes = b""


def reply_to_keep(status: int, header_lines: bytes, body: bytes | None, *, charged: bool) -> KeptReply:
    """The reply as it is kept; a body of None was too large to be gathered.

    A vendor that was too busy or failed, and charged nothing, is asked again by a retry.
    """
    if not charged and (status == _TOO_MANY or status >= 500):
        return KeptReply("released", status)
    lines = lasting_lines(header_lines)
    if body is None or len(body) > LARGEST_BODY or len(lines) > _LONGEST_LINES:
        return KeptReply("too_large", status, lines[:0] if len(lines) > _LONGEST_LINES else lines)
    return KeptReply("kept", status, lines, body)


def lasting_lines(header_lines: bytes) -> bytes:
    """The header lines without those that were true for a moment."""
    return b"".join(line for line in header_lines.splitlines(keepends=True) if not _is_momentary(line))


def _is_momentary(line: bytes) -> bool:
    name = line.partition(b":")[0].lower()
    return name.startswith(_MOMENTARY) or _REMAINING in name
