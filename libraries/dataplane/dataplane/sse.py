"""Splits a server-sent event stream into whole events, wherever the network cut it."""

import re

LARGEST_EVENT = 1 << 20
_END_OF_LINE = rb"(?:\r\n|\n|\r(?!\n))"
_END_OF_EVENT = re.compile(_END_OF_LINE + _END_OF_LINE)


class EventTooLarge(Exception):
    """An event passes 1 MiB; it is not held any longer."""


class EventSieve:
    """Lets a stream's bytes through event by event: holds the beginning of one until its end is here.

    A subclass says of each whether it passes.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """The events that are whole now and pass, each with its blank line, as they came. Raises EventTooLarge."""
        line, _, rest = chunk.partition(b"\n")
        if rest == b"\n" and line.startswith(b"data: ") and not self._held and b"\r" not in line:
            # One event of one line, as nearly all come.
            return chunk if self.passes(chunk, line[6:]) else b""
        return b"".join([event for event in self._whole(chunk) if self.passes(event, data_of(event))])

    def rest(self) -> bytes:
        """What is held at the end of the stream, where it passes: an event without its blank line, or nothing."""
        held, self._held = self._held, b""
        return held if held and self.passes(held, data_of(held)) else b""

    def passes(self, event: bytes, data: bytes) -> bool:
        """Whether this event is let through; `data` is what its `data` lines say together."""
        raise NotImplementedError

    def _whole(self, chunk: bytes) -> list[bytes]:
        data = self._held + chunk
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


def data_of(event: bytes) -> bytes:
    """The data of an event: its `data` lines joined; empty for comments."""
    lines = [line[5:].removeprefix(b" ") for line in event.splitlines() if line.startswith(b"data:")]
    return lines[0] if len(lines) == 1 else b"\n".join(lines)


def comment(text: bytes) -> bytes:
    """A comment event, which clients skip."""
    return b": " + text + b"\n\n"
