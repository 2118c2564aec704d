"""One call's exchange with its vendor: written down, forwarded, metered, settled before its last bytes leave."""

from collections.abc import Mapping

from chassis.errors import MarketplaceError
from dataplane.call_facts_shown import begin_lines, end_comment, rates_left, reply_lines
from dataplane.call_ledger import Ending
from dataplane.call_records import Outcome, Settled
from dataplane.ended_calls import CALLER_LEFT
from dataplane.failed_call import fail
from dataplane.live_call import LiveCall
from dataplane.ports import VendorConnection
from dataplane.refusals import JournalUnavailable, UpstreamFailed, UpstreamTimedOut
from dataplane.sse import EventTooLarge, comment
from dataplane.stream_end import stream_end
from dataplane.surroundings import Surroundings
from dataplane.token_estimates import estimated_usage
from dataplane.usage import NOTHING_USED, Usage
from dataplane.vendor_reply_head import is_compressed, is_stream, plain_type_line, type_line
from dataplane.wire_formats.openai.errors import vendor_error_body, vendor_status
from dataplane.wire_formats.openai.replies import reply_usage
from dataplane.wire_formats.openai.streams import StreamMeter
from wire.errors import Broken
from wire.exchange import Exchange
from wire.request_head import Headers
from wire.response_head import ResponseHead

_CALLER_LEFT_STATUS = 499
_LARGEST_ERROR = 64 << 10
_READ_OUT_SECONDS = 0.25
_JSON_LINE = b"content-type: application/json\r\n"
_STREAM_LINES = b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"


class VendorExchange:
    """Takes the vendor's response and gives the caller its reply. However it ends, the call is settled, once."""

    __slots__ = (
        "_around",
        "_caller",
        "_connection",
        "_finished",
        "_head",
        "_heard",
        "_meter",
        "_parts",
        "_size",
        "_status",
        "_until",
        "call",
        "deadline",
    )

    def __init__(self, call: LiveCall, caller: Exchange, around: Surroundings) -> None:
        self.call = call
        self._caller = caller
        self._around = around
        self._connection: VendorConnection | None = None
        self._meter: StreamMeter | None = None
        self._head: Mapping[bytes, bytes] = {}
        self._parts: list[bytes] = []
        self._size = 0
        self._status = 0
        # When the last part of the reply's body came.
        self._heard: float | None = None
        self._finished = False
        began, limits = around.seconds(), around.limits
        self._until = began + limits.total_seconds
        # Not beyond `_until`: a head takes no longer than the whole may.
        self.deadline = began + limits.head_seconds

    def start(self, connection: VendorConnection, request: bytes) -> None:
        """Write the call down, then send it; raises JournalUnavailable, and then nothing was sent nor taken."""
        call, around = self.call, self._around
        try:
            around.ledger.open(call.facts, call.admitted, call.passage.terms, self._not_written)
        except BaseException:
            connection.unused()
            raise
        call.sent = around.now()
        self._connection = connection
        around.ticker.watch(self)
        around.flights.add(self)
        connection.send(request, self)

    def _not_written(self, error: JournalUnavailable) -> None:
        """The request waits to leave, and its call could not be written down: it does not, and nothing is charged."""
        self._take_back()
        if not self._finished:
            self._finish()
            self._around.ledger.forget(self.call.facts, self.call.admitted)
            fail(self._caller, error, self.call.facts.call_id)

    # The caller's side.

    def caller_left(self) -> None:
        """Nobody waits for the reply: close the vendor's connection, charge what was used."""
        if self._finished:
            return
        if self._take_back():
            self._finish()
            self._around.release(self.call, _CALLER_LEFT_STATUS, CALLER_LEFT)
        else:
            self._settle(Outcome.CALLER_LEFT, _CALLER_LEFT_STATUS, self._seen())
            self._finish()

    def cut(self, error: MarketplaceError) -> None:
        """This process ends before the reply does: charge what was used, and tell the caller why no more comes."""
        if self._finished:
            return
        if self._meter is None:
            self._break(error, Outcome.CUT)
        else:
            self._end_stream(self._meter, error)

    def caller_has_room(self, has_room: bool) -> None:
        """Read from the vendor only as fast as the caller takes."""
        if self._connection is not None:
            self._connection.hold(not has_room)

    # The vendor's side.

    def answered(self, head: ResponseHead, body: bytes) -> None:
        """All of the reply at once; its connection may be another's already."""
        self._connection = None
        line, size = plain_type_line(head), len(body)
        if line and 0 < size <= self._around.limits.reply_bytes:
            self.call.first_byte = self._around.now()
            self._size = size
            self._reply(line, body)
            return
        self.head_came(head.status, head.headers)
        if body:
            self.body_came(body)
        self.ended()

    def head_came(self, status: int, headers: Headers) -> None:
        """The head decides which kind of reply this will be."""
        self._status = status
        self._head = head = dict(headers)
        if status != 200:
            return
        if is_compressed(head):
            self._break(UpstreamFailed("The provider compressed its reply although it was asked not to."))
        elif is_stream(head):
            self._meter = StreamMeter(not self.call.request.wants_usage, self.call.completion_bound)
            self._caller.begin(200, _STREAM_LINES + begin_lines(self.call, rates_left(self.call)))
            self._extend(self._around.seconds())

    def body_came(self, data: bytes) -> None:
        """A part of the reply."""
        if self._heard is None:
            self.call.first_byte = self._around.now()
            self._extend(self._around.seconds())
        self._heard = self._around.seconds()
        meter = self._meter
        if meter is None:
            self._gather(data)
            return
        try:
            passed = meter.feed(data)
        except EventTooLarge:
            self._break(UpstreamFailed("The provider sent an event that is too large."))
            return
        self._caller.write(passed)
        if meter.done or meter.over:
            self._end_stream(meter)

    def ended(self) -> None:
        """The reply is whole."""
        self._connection = None
        if self._finished:
            self._around.ticker.forget(self)
        elif self._meter is not None:
            self._end_stream(self._meter)
        elif self._status == 200:
            self._reply(type_line(self._head), self._body())
        else:
            self._refuse()

    def broken(self, error: Broken) -> None:
        """The vendor's connection broke, or what came is no HTTP."""
        self._connection = None
        if self._finished:
            self._around.ticker.forget(self)
        else:
            self._break(UpstreamFailed(str(error)))

    def room(self, has_room: bool) -> None:
        """How fast the vendor takes the request, which is written whole at once."""

    def late(self) -> None:
        """The vendor did not answer, or did not go on, or did not finish in time."""
        if self._finished:
            self._finish()
            return
        if self._heard is not None:
            self._extend(self._heard)
            if self.deadline > self._around.seconds():
                return
        said = "finish" if self._around.seconds() >= self._until else "go on" if self._status else "answer"
        self._break(UpstreamTimedOut(f"The provider did not {said} in time."))

    # Replies.

    def _gather(self, data: bytes) -> None:
        """A part of a reply that is passed on whole, or of one that is over for the caller."""
        if self._finished:
            return
        self._size += len(data)
        most = self._around.limits.reply_bytes if self._status == 200 else _LARGEST_ERROR
        if self._size > most:
            self._break(UpstreamFailed(f"The provider's reply is larger than {most} bytes."))
        else:
            self._parts.append(data)

    def _end_stream(self, meter: StreamMeter, cut: MarketplaceError | None = None) -> None:
        end = stream_end(meter, cut)
        left = rates_left(self.call)
        settled = self._settle(end.outcome, end.status, self._seen(end.outcome is Outcome.COMPLETED))
        self._caller.end(end.before + comment(end_comment(self.call, settled, left)) + end.after)
        if meter.done:
            self._read_out()
        else:
            self._finish()

    def _reply(self, content_type: bytes, body: bytes) -> None:
        call = self.call
        # As they stand while this call still counts as under way.
        left = rates_left(call)
        settled = self._settle(Outcome.COMPLETED, 200, reply_usage(body) or self._seen())
        self._caller.reply(200, reply_lines(content_type, call, settled, left), body)
        self._finish()

    def _refuse(self) -> None:
        """Pass a vendor's refusal on; vendors bill nothing for one."""
        status = vendor_status(self._status)
        self._settle(Outcome.UPSTREAM_ERROR, status, NOTHING_USED)
        lines = _JSON_LINE + begin_lines(self.call, rates_left(self.call))
        retry_after = self._head.get(b"retry-after", b"")
        if status in (429, 503) and retry_after.isdigit():
            lines += b"retry-after: %b\r\n" % retry_after
        self._caller.reply(status, lines, vendor_error_body(self._status, self._body()))
        self._finish()

    def _break(self, error: MarketplaceError, outcome: Outcome = Outcome.UPSTREAM_BROKEN) -> None:
        """The vendor failed, or is not waited for: charge what was seen, tell the caller."""
        self._settle(outcome, error.http_status, self._seen())
        self._finish()
        fail(self._caller, error, self.call.facts.call_id)

    # Ends.

    def _finish(self) -> None:
        self._finished, self._meter = True, None
        self._around.flights.discard(self)
        self._around.ticker.forget(self)
        if self._connection is not None:
            # What waits to leave leaves first, or is taken back.
            self._connection.drop()
            self._connection = None

    def _take_back(self) -> bool:
        """Whether the request had not left yet; then it does not."""
        connection = self._connection
        if connection is None or not connection.take_back():
            return False
        self._connection = None
        return True

    def _read_out(self) -> None:
        """Read what follows a stream's end mark, mostly nothing, so that its connection can be used again."""
        self._finished, self._meter = True, None
        self._around.flights.discard(self)
        self.deadline = self._around.seconds() + _READ_OUT_SECONDS

    def _extend(self, heard: float) -> None:
        """How long the vendor may be silent; that it went on is looked at when this is over, not at every frame."""
        self.deadline = min(heard + self._around.limits.idle_seconds, self._until)

    def _settle(self, outcome: Outcome, status: int, usage: Usage) -> Settled:
        call, around = self.call, self._around
        settled = call.settled
        if settled is None:
            ending = Ending(outcome, status, usage, around.now(), call.first_byte)
            settled, call.left = around.ledger.settle(call.facts, call.admitted, ending)
            call.settled = settled
            around.ended((settled, call.sent))
        return settled

    def _seen(self, whole: bool = False) -> Usage:
        """What was used as far as the bytes tell; a vendor's count goes before them where it is its last."""
        meter, prompt = self._meter, self.call.facts.prompt_estimate
        if meter is None:
            return estimated_usage(prompt, 0, self._size, self.call.completion_bound)
        return meter.used(prompt, whole)

    def _body(self) -> bytes:
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
