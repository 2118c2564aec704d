"""Splits a server-sent event stream into whole events, wherever the network cut it."""

import re

LARGEST_EVENT = 1 << 20
# Sought as a number: looking bytes up in bytes first fails to read them as one, which costs more than the search.
_RETURN = 0x0D
_END_OF_LINE = rb"(?:\r\n|\n|\r(?!\n))"
_END_OF_EVENT = re.compile(_END_OF_LINE + _END_OF_LINE)
# An end has four bytes at most: one that a new byte completes begins in the last three before it.
_REACH = 3


class EventTooLarge(Exception):
    """An event passes 1 MiB; it is not held any longer."""


class EventSieve:
    """Lets a stream's bytes through event by event: holds the beginning of one until its end is here.

    A subclass says of each whether it passes.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, chunk: bytes) -> bytes:
        """The events that are whole now and pass, each with its blank line, as they came. Raises EventTooLarge."""
        line, _, rest = chunk.partition(b"\n")
        if rest == b"\n" and line.startswith(b"data: ") and not self._held and _RETURN not in line:
            # One event of one line, as nearly all come.
            return chunk if self.passes(chunk, line[6:]) else b""
        return b"".join([event for event in self._whole(chunk) if self.passes(event, data_of(event))])

    def rest(self) -> bytes:
        """What is held at the end of the stream, where it passes: an event without its blank line, or nothing."""
        held = bytes(self._held)
        self._held.clear()
        return held if held and self.passes(held, data_of(held)) else b""

    def passes(self, event: bytes, data: bytes) -> bool:
        """Whether this event is let through; `data` is what its `data` lines say together."""
        raise NotImplementedError

    def _whole(self, chunk: bytes) -> list[bytes]:
        """The events that end in this chunk; what is held is read again only when one does."""
        held = self._held
        if held:
            if not _has_end(held[-_REACH:] + chunk):
                self._hold(chunk)
                return []
            chunk = bytes(held) + chunk
            held.clear()
        if _RETURN in chunk:
            events, rest = _by_any_line_end(chunk)
        else:
            *events, rest = [event + b"\n\n" for event in chunk.split(b"\n\n")]
            rest = rest[:-2]
        if rest:
            self._hold(rest)
        return events

    def _hold(self, more: bytes) -> None:
        self._held += more
        if len(self._held) > LARGEST_EVENT:
            raise EventTooLarge


def _has_end(data: bytearray) -> bool:
    """Whether an event ends here."""
    if _RETURN not in data:
        return b"\n\n" in data
    end = _END_OF_EVENT.search(data)
    return end is not None and end.end() <= _limit(data)


def _by_any_line_end(data: bytes) -> tuple[list[bytes], bytes]:
    events: list[bytes] = []
    at, limit = 0, _limit(data)
    for end in _END_OF_EVENT.finditer(data):
        if end.end() > limit:
            break
        events.append(data[at : end.end()])
        at = end.end()
    return events, data[at:]


def _limit(data: bytes | bytearray) -> int:
    """Where to stop: a carriage return at the very end may be half a line end, and is looked at with what follows."""
    return len(data) - 1 if data.endswith(b"\r") else len(data)


def data_of(event: bytes) -> bytes:
    """The data of an event: its `data` lines joined; empty for comments."""
    lines = [line[5:].removeprefix(b" ") for line in event.splitlines() if line.startswith(b"data:")]
    return lines[0] if len(lines) == 1 else b"\n".join(lines)


def comment(text: bytes) -> bytes:
    """A comment event, which clients skip."""
    return b": " + text + b"\n\n"
