"""A caller and its connection: the door's exchange without a socket, whose last bytes are watched."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulation.mortality import Mortal

from wire.outbox import Outbox

_LAST = b"the last bytes"


@dataclass(frozen=True)
class CallHead:
    """The head of a call's request."""

    headers: list[tuple[bytes, bytes]]
    method: bytes = b"POST"
    path: bytes = b"/v1/chat/completions"
    notes: dict[object, object] = field(default_factory=dict[object, object])


@dataclass
class CallerExchange:
    """An Exchange of the engine, and its transport: `last_bytes` is told before the end of the reply leaves."""

    head: CallHead
    process: Mortal
    outbox: Outbox
    last_bytes: Callable[[], None]
    replied: Callable[[int], None]
    begun: bool = False
    ended: bool = False
    status: int = 0
    body: bytes = b""
    written: list[bytes] = field(default_factory=list[bytes])

    def reply(self, status: int, headers: bytes, body: bytes) -> None:
        """The whole reply."""
        if not self.begun:
            self.begun, self.status, self.body = True, status, body
            self._end()

    def begin(self, status: int, headers: bytes, length: int | None = None) -> None:
        """The head of a reply whose body follows."""
        self.begun, self.status = True, status

    def write(self, data: bytes) -> None:
        """A part of the body, from the door; or the end of the reply, from the outbox."""
        if data is _LAST:
            self.process.effect("reply", lambda _: self.last_bytes())
            self.replied(self.status)

    def is_closing(self) -> bool:
        return False

    def end(self, data: bytes = b"") -> None:
        """The last part."""
        if not self.ended:
            self.written.append(data)
            self._end()

    def abort(self) -> None:
        """End in mid-reply."""
        self._end()
        self.outbox.empty()

    def _end(self) -> None:
        self.ended = True
        self.outbox.post(self, _LAST)  # type: ignore[arg-type]


@dataclass
class Caller:
    """Calls through one gateway process and leaves when its patience ends."""

    exchange: CallerExchange
    receiver: Any

    def call(self, body: bytes) -> None:
        """Send the request."""
        self.receiver.complete(body)

    def leave(self) -> None:
        """Close the connection, whether or not the reply has ended."""
        if not self.exchange.ended:
            self.exchange.ended = True
            self.receiver.gone()
