"""Finds and replaces top-level members of a JSON object in its own bytes, which are otherwise left as they came.

The whole text is checked by the decoder; the walk then only visits top-level members, whatever is nested in them.
A duplicate key is refused: two readers could disagree on which one counts.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec

_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_key_decoder = msgspec.json.Decoder(str)
_KEY = re.compile(rb'[ \t\r\n]*("(?:[^"\\]|\\.)*")[ \t\r\n]*:[ \t\r\n]*')
_AFTER = re.compile(rb"[ \t\r\n]*([,}])")
_OPENING = re.compile(rb"[ \t\r\n]*\{")

Splice = tuple[int, int, bytes]


class NotAnObject(ValueError):
    """The bytes are not one JSON object with distinct keys in UTF-8; the text says what is wrong."""


class JsonMembers:
    """The top-level members of one JSON object, with the place of each value."""

    __slots__ = ("_spans", "body", "raw")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.raw = _decode(body)
        self._spans: dict[str, tuple[int, int]] | None = None

    def spans(self) -> Mapping[str, tuple[int, int]]:
        """Start and end of each member's value in `body`."""
        if self._spans is None:
            self._spans = _walk(self.body, self.raw)
        return self._spans

    def setting(self, name: str, value: bytes) -> Splice:
        """The splice that gives a member this value, replacing the one it has or putting it first."""
        span = self.spans().get(name)
        if span is not None:
            return (*span, value)
        opening = _OPENING.match(self.body)
        start = opening.end() if opening else 0
        comma = b"," if self.raw else b""
        return start, start, b'"' + name.encode() + b'":' + value + comma


def spliced(body: bytes, splices: Iterable[Splice]) -> bytes:
    """The bytes with the splices done, which must not overlap; those at one place keep their order."""
    parts: list[bytes] = []
    at = 0
    for start, end, replacement in sorted(splices, key=lambda splice: splice[0]):
        parts += (body[at:start], replacement)
        at = end
    parts.append(body[at:])
    return b"".join(parts)


def _decode(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        if not body.isascii():
            body.decode()
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotAnObject(_explanation(error)) from error


def _explanation(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "The JSON is nested too deeply."
    if isinstance(error, UnicodeDecodeError):
        return f"The body is not UTF-8 (byte {error.start})."
    return str(error)


def _walk(body: bytes, raw: Mapping[str, msgspec.Raw]) -> dict[str, tuple[int, int]]:
    """Visit the members in order. A value that differs from the decoded one belongs to a key that comes again."""
    spans: dict[str, tuple[int, int]] = {}
    opening = _OPENING.match(body)
    at = opening.end() if opening else 0
    more = bool(raw)
    while more:
        key = _KEY.match(body, at)
        name = _key_decoder.decode(key.group(1)) if key else ""
        value = bytes(raw.get(name, b""))
        start = key.end() if key else at
        after = _AFTER.match(body, start + len(value))
        if not value or name in spans or after is None or not body.startswith(value, start):
            raise NotAnObject(f"The key '{name[:80]}' occurs twice.")
        spans[name] = (start, start + len(value))
        at, more = after.end(), after.group(1) == b","
    return spans
