"""Finds and replaces top-level members of a JSON object in its own bytes, which are otherwise left as they came.

The whole text is checked by the decoder; the walk then only visits top-level members, whatever is nested in them.
A duplicate key is refused: two readers could disagree on which one counts.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_key_decoder = msgspec.json.Decoder(str)
_KEY = re.compile(rb'[ \t\r\n]*("(?:[^"\\]|\\.)*")[ \t\r\n]*:[ \t\r\n]*')
_AFTER = re.compile(rb"[ \t\r\n]*([,}])")
_OPENING = re.compile(rb"[ \t\r\n]*\{")

_SPACE = 32

Span = tuple[int, int]
Splice = tuple[int, int, bytes]


class NotAnObject(ValueError):
    """The bytes are not one JSON object with distinct keys in UTF-8; the text says what is wrong."""


class JsonMembers:
    """The top-level members of one JSON object, as they stand in `body`.

    Raises NotAnObject.
    """

    __slots__ = ("_spans", "body", "raw")

    def __init__(self, body: bytes) -> None:
        self.body = body
        try:
            if not body.isascii():
                body.decode()
            raw: dict[str, msgspec.Raw] = _decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NotAnObject(_explanation(error)) from error
        self.raw = raw
        # Where each member is; not looked for in a body that is known to have each member once.
        self._spans: dict[str, Span] | None = None
        # Where the decoded members fill the body to its last byte there is no space between them, and no key twice: a
        # key's text is never longer than its bytes, and each member needs two quotes, a colon, and a comma or a brace.
        filled = 1 + 4 * len(raw)
        for key, value in raw.items():
            filled += len(key) + len(value)
        if not raw or len(body) != filled:
            self._spans = _stepped(body, raw) or _walk(body, raw)

    def span(self, name: str) -> Span | None:
        """Start and end of a member's value in the body; None where there is no such member."""
        if self._spans is None:
            value = self.raw.get(name)
            if value is None:
                return None
            key = _quoted(name)
            if self.body.count(key) == 1:
                start = self.body.index(key) + len(key)
                return start, start + len(value)
            self._spans = _stepped(self.body, self.raw) or _walk(self.body, self.raw)
        return self._spans.get(name)

    def with_value(self, name: str, value: bytes) -> bytes:
        """The body with this value of a member, be it there already or not."""
        body, key, old = self.body, _quoted(name), self.raw.get(name)
        if old is not None and self._spans is None and body.count(key) == 1:
            return body.replace(key + old, key + value)
        return spliced(body, [self.setting(name, value)])

    def setting(self, name: str, value: bytes) -> Splice:
        """The splice that gives a member this value, replacing the one it has or putting it first."""
        span = self.span(name)
        if span is not None:
            return (*span, value)
        opening = _OPENING.match(self.body)
        start = opening.end() if opening else 0
        comma = b"," if self.raw else b""
        return start, start, _quoted(name) + value + comma

    def replacing(self, name: str, other: str, value: bytes) -> Splice:
        """The splice that puts another member, which must not be there yet, in the place of one that is there."""
        start, end = self._place(name)
        return start, end, _quoted(other) + value

    def removing(self, name: str) -> Splice:
        """The splice that takes out a member which is there beside others."""
        start, end = self._place(name)
        after = _AFTER.match(self.body, end)
        if after is not None and after.group(1) == b",":
            return start, after.end(), b""
        return self.body.rindex(b",", 0, start), end, b""

    def _place(self, name: str) -> Span:
        """Start of a member's key and end of its value; no name of ours has a quote in it, however it is written."""
        span = self.span(name)
        if span is None:
            raise KeyError(name)
        closing = self.body.rindex(b'"', 0, span[0])
        return self.body.rindex(b'"', 0, closing), span[1]


@lru_cache(maxsize=64)
def _quoted(name: str) -> bytes:
    """A member's key as serializers write it; `name` is one of ours, without anything to escape."""
    return b'"%b":' % name.encode()


def spliced(body: bytes, splices: Sequence[Splice]) -> bytes:
    """The bytes with the splices done, which must not overlap; what is put in at one place keeps its order."""
    parts: list[bytes] = []
    at = 0
    for start, end, replacement in sorted(splices, key=lambda splice: splice[:2]):
        parts += (body[at:start], replacement)
        at = end
    parts.append(body[at:])
    return b"".join(parts)


def _explanation(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "The JSON is nested too deeply."
    if isinstance(error, UnicodeDecodeError):
        return f"The body is not UTF-8 (byte {error.start})."
    return str(error)


def _stepped(body: bytes, raw: Mapping[str, msgspec.Raw]) -> dict[str, Span] | None:
    """The walk over a body as serializers write it: at most one space behind `:` and `,`, keys without escapes.

    None for any other body, and for one with a key that comes again.
    """
    spans: dict[str, Span] = {}
    at = 1
    for name, value in raw.items():
        key = b'"%b":' % name.encode()
        start = at + len(key)
        if not body.startswith(key, at):
            return None
        if body[start] == _SPACE:
            start += 1
        at = start + len(value)
        if body[start:at] != bytes(value):
            return None
        spans[name] = (start, at)
        at += 2 if body[at + 1 : at + 2] == b" " else 1
    return spans if at == len(body) and body.startswith(b"{") else None


def _walk(body: bytes, raw: Mapping[str, msgspec.Raw]) -> dict[str, Span]:
    """Visit the members in order. A value that differs from the decoded one belongs to a key that comes again."""
    spans: dict[str, Span] = {}
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
