"""Meters an OpenAI stream as it passes: usage from any chunk, a count of what was seen, the frames nobody asked for."""

from dataplane.sse import EventSieve
from dataplane.token_estimates import at_least, estimated_usage
from dataplane.usage import Usage
from dataplane.wire_formats.openai.replies import usage_of
from dataplane.wire_formats.openai.reply_shapes import NULL, OTHER_FORM, Chunk, read_chunk
from dataplane.wire_formats.openai.said_elsewhere import bytes_elsewhere

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
        "_frames_counted",
        "_hide_usage",
        "_is_final",
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
        # Whether that usage came in a chunk of its own, as a vendor's last count does, and after how many frames.
        self._is_final = False
        self._frames_counted = 0
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

    def used(self, prompt: int, whole: bool) -> Usage:
        """What the stream used, with an estimate of its prompt; `whole` where it ended by itself.

        A vendor's last count is what it says. One that text followed, or that may have been followed by more, is no
        less than what was seen.
        """
        reported = self.usage
        if reported is not None and self.frames == self._frames_counted and (whole or self._is_final):
            return reported
        seen = estimated_usage(prompt, self.frames, self.content_bytes, self._bound)
        return seen if reported is None else at_least(reported, seen)

    def passes(self, event: bytes, data: bytes) -> bool:
        """Read one event; all but the end mark, what follows it, and a usage that nobody asked for pass."""
        if self.done:
            return False
        try:
            chunk = read_chunk(data)
        except OTHER_FORM:
            return self._passes_other(event, data)
        size = chunk.content_bytes() or (bytes_elsewhere(data) if chunk.choices else None)
        if size is not None:
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
        if chunk.usage == NULL:
            return True
        reported = usage_of(chunk.usage)
        if reported is not None:
            self.usage, self._is_final, self._frames_counted = reported, not chunk.choices, self.frames
            self._count(0, frames=0)
        return not self._hide_usage or bool(chunk.choices) or chunk.has_error()

    def _count(self, size: int, frames: int = 1) -> None:
        """So many bytes of content more; a vendor's last count of tokens goes before one of frames."""
        self.frames = used = self.frames + frames
        self.content_bytes = content = self.content_bytes + size
        if self.usage is not None:
            reported = self.usage.completion_tokens
            used = reported if self._is_final and used == self._frames_counted else max(used, reported)
        self.over = used > self._bound or content > self._most_bytes
