"""What the head of a vendor's response says about the reply to the caller."""

from collections.abc import Mapping

from wire.reply_head import header_lines
from wire.response_head import ResponseHead

# What is noted on a head.
_PLAIN = "content type of a plain reply"

_Head = Mapping[bytes, bytes]


def is_compressed(head: _Head) -> bool:
    """Whether the vendor compressed its reply, although it was asked not to."""
    return head.get(b"content-encoding", b"identity") not in (b"identity", b"")


def is_stream(head: _Head) -> bool:
    """Whether events follow."""
    return head.get(b"content-type", b"").lower().startswith(b"text/event-stream")


def type_line(head: _Head) -> bytes:
    """The content type of a plain reply, as a line."""
    return header_lines([(b"content-type", head.get(b"content-type", b"application/json"))])


def plain_type_line(head: ResponseHead) -> bytes:
    """The same where the reply can be passed on as it is; empty for a refusal, a stream, and what is compressed."""
    noted: bytes | None = head.notes.get(_PLAIN)
    if noted is None:
        headers = dict(head.headers)
        plain = head.status == 200 and not is_compressed(headers) and not is_stream(headers)
        noted = head.notes[_PLAIN] = type_line(headers) if plain else b""
    return noted
