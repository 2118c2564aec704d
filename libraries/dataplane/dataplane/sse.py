"""Splits a server-sent event stream into whole events, wherever the network cut it."""

import re

LARGEST_EVENT = 1 << 20
_END_OF_LINE = rb"(?:\r\n|\n|\r(?!\n))"
_END_OF_EVENT = re.compile(_END_OF_LINE + _END_OF_LINE)
_LINES = re.compile(_END_OF_LINE)


class EventTooLarge(Exception):
    """An event passes 1 MiB; it is not held any longer."""


class EventSplitter:
    """Holds the beginning of an event until its end is here."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The events that are whole now, each with its blank line, bytes as they came."""
        data = self._held + chunk if self._held else chunk
        if b"\r" in data:
            events = self._by_any_line_end(data)
        else:
            *events, self._held = [event + b"\n\n" for event in data.split(b"\n\n")]
            self._held = self._held[:-2]
        if len(self._held) > LARGEST_EVENT:
            raise EventTooLarge
        return events

    def _by_any_line_end(self, data: bytes) -> list[bytes]:
        events: list[bytes] = []
        at = 0
        # A carriage return at the very end may be half of a line end; it is looked at again with what follows.
        limit = len(data) - 1 if data.endswith(b"\r") else len(data)
        for end in _END_OF_EVENT.finditer(data):
            if end.end() > limit:
                break
            events.append(data[at : end.end()])
            at = end.end()
        self._held = data[at:]
        return events

    @property
    def is_between(self) -> bool:
        """Whether nothing of a next event has come yet."""
        return not self._held

    def rest(self) -> bytes:
        """What is held at the end of the stream: an event without its blank line, or nothing."""
        held, self._held = self._held, b""
        return held


def sole_data(chunk: bytes) -> bytes | None:
    """The data of a chunk that is one event of one `data` line and nothing else, as most are; else None."""
    if chunk.startswith(b"data: ") and chunk.find(b"\n") == len(chunk) - 2 and chunk.endswith(b"\n"):
        return None if b"\r" in chunk or len(chunk) > LARGEST_EVENT else chunk[6:-2]
    return None


def data_of(event: bytes) -> bytes:
    """The data of an event: its `data` lines joined; empty for comments."""
    sole = sole_data(event)
    if sole is not None:
        return sole
    lines = [line[5:].removeprefix(b" ") for line in _LINES.split(event) if line.startswith(b"data:")]
    return lines[0] if len(lines) == 1 else b"\n".join(lines)


def comment(text: bytes) -> bytes:
    """A comment event, which clients skip."""
    return b": " + text + b"\n\n"
