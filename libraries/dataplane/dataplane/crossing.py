"""Where requests at one door part: calls to the data plane, everything else to whoever else answers there."""

from urllib.parse import unquote

from dataplane.call_signals import CallSignals
from dataplane.door_paths import owns
from wire.exchange import Exchange, Receiver
from wire.server_state import Accept

# What is noted on a head: whether its path is the data plane's.
_OWNED = "owned by the data plane"


class Crossing:
    """Sends each request to the one that answers it, and counts the data plane's."""

    def __init__(self, calls: Accept, others: Accept, signals: CallSignals) -> None:
        self._calls = calls
        self._others = others
        self._counts = signals.requests

    def accept(self, exchange: Exchange) -> Receiver:
        """Hand a request on."""
        head = exchange.head
        owned = head.notes.get(_OWNED)
        if owned is None:
            owned = head.notes[_OWNED] = owns(unquote(head.path.decode("ascii")))
        if not owned:
            return self._others(exchange)
        if head.method == b"POST":
            self._counts.calls += 1
        else:
            self._counts.questions += 1
        return self._calls(exchange)
