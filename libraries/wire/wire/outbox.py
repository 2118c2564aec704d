"""Bytes that leave together, once all that came in the same turn of the loop has been looked at.

A write of its own for each would wake whoever waits for it at once, to find him asleep again at the next, and would
send the processor through the kernel and back between any two requests: together they cost a fifth less of a call.
What comes for one transport and then again for the same leaves in one write: the frames of a stream that came together.
"""

import asyncio
from collections.abc import Callable

# Nobody waits for more than so many others to be looked at.
_MOST_WAITING = 16


class Outbox:
    """Shared by the connections of one loop."""

    __slots__ = ("_ahead", "_call_soon", "_is_due", "_this_turn", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []
        self._ahead: list[Callable[[], None]] = []
        self._is_due = False
        # Kept, for they are needed in each turn: the loop's, once there is one, and the end of this one.
        self._call_soon: Callable[[Callable[[], None]], object] | None = None
        self._this_turn: Callable[[], None] = self._turn

    def ahead(self, deed: Callable[[], None]) -> None:
        """Do this before anything more leaves, and before the loop waits again."""
        self._ahead.append(deed)
        self.come_soon()

    def come_soon(self) -> None:
        """Let all that is posted from here on leave before anything that is begun from here on goes on.

        A task that a request gives rise to, such as one that looks up its key anew, would go first otherwise.
        """
        if not self._is_due:
            if self._call_soon is None:
                self._call_soon = asyncio.get_running_loop().call_soon
            self._call_soon(self._this_turn)
            self._is_due = True

    def post(self, transport: asyncio.Transport, data: bytes) -> None:
        """Write this to a transport before the loop waits again. Each transport gets its bytes in order."""
        waiting = self._waiting
        waiting.append((transport, data))
        if not self._is_due:
            self.come_soon()
        elif len(waiting) >= _MOST_WAITING:
            self.empty()

    def holds(self, transport: asyncio.Transport) -> bool:
        """Whether anything waits for a transport."""
        return any(one is transport for one, _ in self._waiting) if self._waiting else False

    def withdraw(self, transport: asyncio.Transport) -> bool:
        """Write nothing of what waits for a transport; whether anything did."""
        kept = [(one, data) for one, data in self._waiting if one is not transport]
        withdrawn = len(kept) < len(self._waiting)
        if withdrawn:
            self._waiting.clear()
            self._waiting.extend(kept)
        return withdrawn

    def empty(self) -> None:
        """Write all that waits now: before a connection is closed, or where its end depends on what was written."""
        waiting = self._waiting
        while self._ahead:
            self._ahead.pop(0)()
        # One by one from the front: a write may call back, and whoever is called may come here as well.
        while waiting:
            transport, data = waiting.pop(0)
            if waiting and waiting[0][0] is transport:
                data += self._next_of(transport)
            if not transport.is_closing():
                transport.write(data)

    def _next_of(self, transport: asyncio.Transport) -> bytes:
        """What else is there for a transport before it is another's turn."""
        waiting = self._waiting
        parts: list[bytes] = []
        while waiting and waiting[0][0] is transport:
            parts.append(waiting.pop(0)[1])
        return b"".join(parts)

    def _turn(self) -> None:
        self._is_due = False
        self.empty()
