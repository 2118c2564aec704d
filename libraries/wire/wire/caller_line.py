"""The bytes to and from one caller: what is held, how slowly they may go, and how the connection ends."""

import asyncio
from functools import partial
from typing import cast

from wire.exchange import Write
from wire.request_head import RequestRefused
from wire.server_state import ServerState
from wire.ticker import NEVER

_HIGH_WATER = 64 << 10


class CallerLine(asyncio.Protocol):
    """A caller's connection below requests. One deadline at a time: of what is awaited, or while replies are stuck."""

    __slots__ = (
        "_deaf",
        "_held",
        "_loop",
        "_stalled",
        "_transport",
        "deadline",
        "peer",
        "state",
        "ticker",
        "write",
    )

    write: Write

    def __init__(self, state: ServerState) -> None:
        self.state = state
        self.ticker = state.ticker
        self.write = _nowhere
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        # Unsent bytes when they were looked at last, while the caller takes them slower than they come.
        self._stalled: int | None = None
        self._held = False
        # Nothing more is read, or answered.
        self._deaf = False
        self.deadline = NEVER
        self.peer = ""

    def abort(self) -> None:
        """End at once."""
        if self._transport is not None:
            self.ticker.outbox.empty()
            self._transport.abort()

    def hold(self, wait: bool) -> None:
        """Stop reading, or go on."""
        transport = self._transport
        if wait is self._held or transport is None or transport.is_closing():
            return
        self._held = wait
        if wait:
            transport.pause_reading()
        else:
            transport.resume_reading()

    def collected(self, size: int) -> None:
        """So many bytes more, or less, are held in memory; raises RequestRefused where that is too much."""
        state = self.state
        state.buffered += size
        if state.buffered > state.limits.buffered_bytes and size > 0:
            raise RequestRefused(503, "Too many large bodies at the same time; try again shortly.")

    def take_up(self, transport: asyncio.BaseTransport) -> None:
        """A caller is there: keep it, or let it go where there are too many."""
        self._transport = carrier = cast("asyncio.Transport", transport)
        state = self.state
        if len(state.connections) >= state.limits.connections:
            self._deaf = True
            carrier.abort()
            return
        self.write = partial(self.ticker.outbox.post, carrier)
        carrier.set_write_buffer_limits(_HIGH_WATER)
        peer = cast("tuple[str, int] | str | None", carrier.get_extra_info("peername"))
        self.peer = peer[0] if isinstance(peer, tuple) else ""
        state.connections.add(self)
        self.ticker.watch(self)
        self.due(state.limits.head_seconds)

    def let_go(self) -> None:
        """The caller is gone."""
        self._transport = None
        self.write = _nowhere
        self._deaf = True
        self.ticker.forget(self)
        self.state.left(self)

    def due(self, seconds: float) -> None:
        """Something must have happened by then; while replies are stuck, that they move counts alone."""
        if self._stalled is None:
            self.deadline = self._loop.time() + seconds

    def stuck(self) -> None:
        """The caller takes its reply slower than it comes: from now on it must take some, again and again."""
        self._stalled = -1
        self.still_moves()

    def still_moves(self) -> bool:
        """Whether unsent bytes have left since this was asked last; then they get as much time again."""
        if self._stalled is None or self._transport is None:
            return False
        left = self._transport.get_write_buffer_size()
        if left == self._stalled:
            return False
        self._stalled = left
        limits = self.state.limits
        self.deadline = self._loop.time() + (limits.write_seconds if left else limits.linger_seconds)
        return True

    def end(self, linger: bool) -> None:
        """Close once all is sent; where the caller may still be sending, read on, so that no reset eats the reply.

        RFC 9112, 9.6. However slow the caller, this ends.
        """
        transport, self._deaf = self._transport, True
        if transport is None or transport.is_closing():
            return
        self.ticker.outbox.empty()
        self.stuck()
        if not linger:
            transport.close()
            return
        if transport.can_write_eof():
            transport.write_eof()
        self.hold(wait=False)

    @property
    def is_busy(self) -> bool:
        """Whether a request is under way. (Overridden where requests are known.)"""
        return False

    def drain(self) -> None:
        """No further request. (As above.)"""
        self.end(linger=False)

    def late(self) -> None:
        """A deadline passed."""
        transport = self._transport
        if transport is None or self.still_moves():
            return
        if self._deaf and not self._stalled and not transport.is_closing():
            transport.close()
        else:
            transport.abort()


def _nowhere(data: bytes) -> None:
    """The caller is gone."""
