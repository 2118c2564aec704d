"""One call's exchange with its vendor: written down, forwarded, metered, settled before its last bytes leave."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from chassis.errors import MarketplaceError
from dataplane.call_facts_shown import HeaderList, end_comment, end_headers, facts_at_end, route_headers
from dataplane.call_ledger import CallLedger, Ending
from dataplane.call_limits import CallLimits
from dataplane.call_records import Outcome
from dataplane.live_call import LiveCall
from dataplane.ports import Upstream, UpstreamRequest, UpstreamResponse
from dataplane.refusals import UpstreamFailed, UpstreamTimedOut, UpstreamUnreachable
from dataplane.reply_sink import ReplySink
from dataplane.sse import EventTooLarge, comment
from dataplane.token_estimates import estimated_usage
from dataplane.usage import NOTHING_USED, Usage
from dataplane.wire_formats.openai.errors import error_event, vendor_error_body, vendor_status
from dataplane.wire_formats.openai.replies import reply_usage
from dataplane.wire_formats.openai.streams import StreamMeter

_CALLER_LEFT_STATUS = 499
_LARGEST_ERROR = 64 << 10
_CLOSE_SECONDS = 1.0
_READ_OUT_SECONDS = 0.25
_FAREWELL = b"data: [DONE]\n\n"
# A token of more bytes than this has not been seen; a stream beyond it has passed its bound whatever its frames say.
_MOST_BYTES_PER_TOKEN = 256


@dataclass(slots=True)
class Exchange:
    """Runs one call; cancelling it means that the caller has gone."""

    call: LiveCall
    ledger: CallLedger
    upstream: Upstream
    sink: ReplySink
    now: Callable[[], int]
    limits: CallLimits
    _meter: StreamMeter | None = None
    _body_bytes: int = 0

    async def run(self, request: UpstreamRequest) -> None:
        """Forward the call and reply; however this ends, the call is settled or released."""
        self.ledger.open(self.call.facts, self.call.admitted)
        self.call.moments.sent = self.now()
        try:
            async with asyncio.timeout(self.limits.total_seconds):
                await self._forward(request)
        except UpstreamUnreachable as error:
            self.ledger.release(self.call.facts, self.call.admitted, error.http_status, error.code)
            raise
        except TimeoutError as error:
            self._settle(Outcome.UPSTREAM_BROKEN, 504, self._seen())
            raise UpstreamTimedOut("The provider did not finish in time.") from error
        except MarketplaceError as error:
            self._settle(Outcome.UPSTREAM_BROKEN, error.http_status, self._seen())
            raise
        except asyncio.CancelledError:
            self._settle(Outcome.CALLER_LEFT, _CALLER_LEFT_STATUS, self._seen())
            raise
        except Exception:
            self._settle(Outcome.UPSTREAM_BROKEN, 500, self._seen())
            raise

    async def _forward(self, request: UpstreamRequest) -> None:
        response = await self._answer(request)
        try:
            if response.status != 200:
                await self._refuse(response)
            elif _header(response, b"content-encoding") not in (b"", b"identity"):
                raise UpstreamFailed("The provider compressed its reply although it was asked not to.")
            elif _header(response, b"content-type").startswith(b"text/event-stream"):
                await self._stream(response)
            else:
                await self._plain(response)
        finally:
            await self._close(response)

    async def _answer(self, request: UpstreamRequest) -> UpstreamResponse:
        try:
            async with asyncio.timeout(self.limits.head_seconds):
                return await self.upstream.send(request)
        except TimeoutError as error:
            raise UpstreamTimedOut("The provider did not answer in time.") from error

    async def _stream(self, response: UpstreamResponse) -> None:
        meter = self._meter = StreamMeter(hide_usage=not self.call.request.wants_usage)
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
        await self.sink.begin(200, headers + route_headers(self.call))
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self.limits.idle_seconds) as idle:
            chunks = response.chunks()
            async for chunk in chunks:
                passed = self._feed(meter, chunk)
                if passed:
                    await self.sink.part(passed)
                if meter.done or self._passes_bound(meter):
                    break
                idle.reschedule(loop.time() + self.limits.idle_seconds)
        await self._end_stream(meter)
        if meter.done:
            await _read_out(chunks)

    async def _end_stream(self, meter: StreamMeter) -> None:
        ending = b""
        outcome = Outcome.UPSTREAM_ERROR if meter.failed else Outcome.COMPLETED
        if not meter.done and self._passes_bound(meter):
            outcome = Outcome.CUT
            ending = error_event(_Cut("The stream passed the tokens reserved for it and was cut."))
        tail = meter.finish() or (_FAREWELL if outcome is Outcome.CUT else b"")
        self._settle(outcome, 200, meter.usage or self._seen())
        facts = facts_at_end(self.call, self.ledger.state, self._added())
        await self.sink.last(ending + comment(end_comment(self.call, facts)) + tail)

    async def _plain(self, response: UpstreamResponse) -> None:
        body = await self._whole(response, self.limits.reply_bytes)
        usage = reply_usage(body)
        self._settle(Outcome.COMPLETED, 200, usage or self._seen())
        facts = facts_at_end(self.call, self.ledger.state, self._added())
        content_type = _header(response, b"content-type") or b"application/json"
        headers = [(b"content-type", content_type), *route_headers(self.call), *end_headers(facts)]
        await self.sink.whole(200, headers, body)

    async def _refuse(self, response: UpstreamResponse) -> None:
        """Pass a vendor's refusal on; vendors bill nothing for one."""
        body = await self._whole(response, _LARGEST_ERROR)
        status = vendor_status(response.status)
        self._settle(Outcome.UPSTREAM_ERROR, status, NOTHING_USED)
        headers: HeaderList = [(b"content-type", b"application/json"), *route_headers(self.call)]
        retry_after = _header(response, b"retry-after")
        if status in (429, 503) and retry_after.isdigit():
            headers.append((b"retry-after", retry_after))
        await self.sink.whole(status, headers, vendor_error_body(response.status, body))

    async def _whole(self, response: UpstreamResponse, most: int) -> bytes:
        parts: list[bytes] = []
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self.limits.idle_seconds) as idle:
            async for chunk in response.chunks():
                self._note_first_byte()
                self._body_bytes += len(chunk)
                if self._body_bytes > most:
                    raise UpstreamFailed(f"The provider's reply is larger than {most} bytes.")
                parts.append(chunk)
                idle.reschedule(loop.time() + self.limits.idle_seconds)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _feed(self, meter: StreamMeter, chunk: bytes) -> bytes:
        self._note_first_byte()
        try:
            return meter.feed(chunk)
        except EventTooLarge as error:
            raise UpstreamFailed("The provider sent an event that is too large.") from error

    def _passes_bound(self, meter: StreamMeter) -> bool:
        bound = self.call.completion_bound
        used = meter.usage.completion_tokens if meter.usage is not None else meter.frames
        return used > bound or meter.content_bytes > _MOST_BYTES_PER_TOKEN * (bound + 1)

    def _seen(self) -> Usage:
        """What was used as far as the bytes tell; the vendor's own count where it came."""
        meter = self._meter
        prompt = self.call.facts.prompt_estimate
        if meter is None:
            return estimated_usage(prompt, 0, self._body_bytes if self.call.completion_bound else 0)
        return meter.usage or estimated_usage(prompt, meter.frames, meter.content_bytes)

    def _settle(self, outcome: Outcome, status: int, usage: Usage) -> None:
        call = self.call
        if call.settled is None:
            ending = Ending(outcome, status, usage, self.now(), call.moments.first_byte)
            call.settled = self.ledger.settle(call.facts, call.admitted, ending)

    def _added(self) -> int:
        """Microseconds between the caller's request and ours: what governance added before the vendor was asked."""
        return max(0, self.call.moments.sent - self.call.moments.arrived)

    def _note_first_byte(self) -> None:
        if self.call.moments.first_byte is None:
            self.call.moments.first_byte = self.now()

    @staticmethod
    async def _close(response: UpstreamResponse) -> None:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await response.close()
        except TimeoutError:
            return


async def _read_out(chunks: AsyncIterator[bytes]) -> None:
    """Read what follows a stream's end mark, mostly nothing, so that its connection can be used again."""
    try:
        async with asyncio.timeout(_READ_OUT_SECONDS):
            async for _ in chunks:
                continue
    except (TimeoutError, MarketplaceError):
        return


class _Cut(UpstreamFailed):
    """The stream used what was reserved for it."""

    code = "reservation_exceeded"


def _header(response: UpstreamResponse, name: bytes) -> bytes:
    return next((value.strip().lower() for key, value in response.headers if key == name), b"")
