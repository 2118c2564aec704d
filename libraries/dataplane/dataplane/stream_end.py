"""How a stream ends: the vendor's own end, or one of ours with an event that says why."""

from dataclasses import dataclass

from chassis.errors import MarketplaceError
from dataplane.call_records import Outcome
from dataplane.refusals import ReservationExceeded
from dataplane.wire_formats.openai.errors import error_event
from dataplane.wire_formats.openai.streams import StreamMeter

_FAREWELL = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """What is settled of it, and the bytes that go before and after the call's facts."""

    outcome: Outcome
    status: int
    before: bytes
    after: bytes


def stream_end(meter: StreamMeter, cut: MarketplaceError | None) -> StreamEnd:
    """The end of a metered stream; `cut` is why it ends before its vendor does."""
    status = 200 if cut is None else cut.http_status
    if meter.over and not meter.done:
        cut = ReservationExceeded("The stream passed the tokens reserved for it and was cut.")
    if cut is not None:
        # An event that came in part is not passed on.
        return StreamEnd(Outcome.CUT, status, error_event(cut), _FAREWELL)
    return StreamEnd(Outcome.UPSTREAM_ERROR if meter.failed else Outcome.COMPLETED, status, b"", meter.finish())
