"""Meters an OpenAI stream as it passes: usage from any chunk, a count of what was seen, the frames nobody asked for."""

from dataplane.sse import EventSplitter, data_of, sole_data
from dataplane.usage import Usage
from dataplane.wire_formats.openai.replies import Chunk, read_chunk, usage_of

_DONE = b"[DONE]"


class StreamMeter:
    """Takes a stream's bytes as they come, gives the bytes to pass on, and knows what was used.

    `done` once the end mark came; then `tail` is what is still to be passed on, after the call is settled.
    """

    __slots__ = ("_hide_usage", "_splitter", "content_bytes", "done", "failed", "frames", "tail", "usage")

    def __init__(self, hide_usage: bool) -> None:
        self._splitter = EventSplitter()
        self._hide_usage = hide_usage
        self.usage: Usage | None = None
        self.frames = 0
        self.content_bytes = 0
        self.done = False
        self.failed = False
        self.tail = b""

    def feed(self, chunk: bytes) -> bytes:
        """The bytes to pass on now: whole events only. Raises EventTooLarge."""
        if self.done:
            return b""
        data = sole_data(chunk) if self._splitter.is_between else None
        if data is not None:
            return chunk if self._passes_data(chunk, data) else b""
        passed = [event for event in self._splitter.feed(chunk) if self._passes(event)]
        return passed[0] if len(passed) == 1 else b"".join(passed)

    def finish(self) -> bytes:
        """What is left to pass on at the end of the stream: the end mark, or an event without its blank line."""
        rest = self._splitter.rest()
        if not self.done and rest and self._passes(rest):
            return rest + b"\n\n"
        return self.tail

    def _passes(self, event: bytes) -> bool:
        return not self.done and self._passes_data(event, data_of(event))

    def _passes_data(self, event: bytes, data: bytes) -> bool:
        if not data:
            return True
        if data.strip() == _DONE:
            self.done, self.tail = True, event
            return False
        chunk = read_chunk(data)
        if chunk is None:
            self._count(len(data))
            return True
        return self._read(chunk)

    def _read(self, chunk: Chunk) -> bool:
        reported = usage_of(chunk.usage) if chunk.usage else None
        if reported is not None:
            self.usage = reported
        if chunk.error and chunk.has_error():
            self.failed = True
        size = chunk.content_bytes()
        if size:
            self._count(size)
        return not (self._hide_usage and reported is not None and not chunk.choices)

    def _count(self, size: int) -> None:
        self.frames += 1
        self.content_bytes += size
