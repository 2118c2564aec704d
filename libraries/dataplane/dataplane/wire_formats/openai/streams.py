"""Meters an OpenAI stream as it passes: usage from any chunk, a count of what was seen, the frames nobody asked for."""

from dataplane.sse import EventSieve
from dataplane.usage import Usage
from dataplane.wire_formats.openai.replies import usage_of
from dataplane.wire_formats.openai.reply_shapes import NOT_A_CHUNK, Chunk, read_chunk

_DONE = b"[DONE]"
# A token of more bytes than this has not been seen; a stream beyond it has passed its bound whatever its frames say.
_MOST_BYTES_PER_TOKEN = 256


class StreamMeter(EventSieve):
    """Takes a stream's bytes as they come, gives the bytes to pass on, and knows what was used.

    `done` once the end mark came; then `tail` is what is still to be passed on, after the call is settled. `over` while
    more was used than the completion tokens of `bound`.
    """

    __slots__ = (
        "_bound",
        "_hide_usage",
        "_most_bytes",
        "content_bytes",
        "done",
        "failed",
        "frames",
        "over",
        "tail",
        "usage",
    )

    def __init__(self, hide_usage: bool, bound: int) -> None:
        super().__init__()
        self._hide_usage = hide_usage
        self._bound = bound
        self._most_bytes = _MOST_BYTES_PER_TOKEN * (bound + 1)
        self.usage: Usage | None = None
        self.frames = 0
        self.content_bytes = 0
        self.done = False
        self.over = False
        self.failed = False
        self.tail = b""

    def finish(self) -> bytes:
        """What is left to pass on at the end of the stream: the end mark, or an event without its blank line."""
        rest = self.rest()
        return rest + b"\n\n" if rest else self.tail

    def passes(self, event: bytes, data: bytes) -> bool:
        """Read one event; all but the end mark, what follows it, and a usage that nobody asked for pass."""
        if self.done:
            return False
        try:
            chunk = read_chunk(data)
        except NOT_A_CHUNK:
            return self._passes_other(event, data)
        size = chunk.content_bytes()
        if size:
            self._count(size)
        if chunk.error and chunk.has_error():
            self.failed = True
        return self._passes_usage(chunk) if chunk.usage else True

    def _passes_other(self, event: bytes, data: bytes) -> bool:
        """A comment, the end mark, or what has not the expected form and counts whole."""
        if data.strip() == _DONE:
            self.done, self.tail = True, event
            return False
        if data:
            self._count(len(data))
        return True

    def _passes_usage(self, chunk: Chunk) -> bool:
        reported = usage_of(chunk.usage)
        if reported is None:
            return True
        self.usage = reported
        self._count(0, frames=0)
        return not self._hide_usage or bool(chunk.choices)

    def _count(self, size: int, frames: int = 1) -> None:
        """So many bytes of content more; a vendor's own count of tokens goes before one of frames."""
        self.frames = used = self.frames + frames
        self.content_bytes = content = self.content_bytes + size
        if self.usage is not None:
            used = self.usage.completion_tokens
        self.over = used > self._bound or content > self._most_bytes
