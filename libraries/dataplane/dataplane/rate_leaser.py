"""Keeps this process's rates supplied: gathers what its keys ask for, many at a time, and tells the calls that wait."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chassis.errors import MarketplaceError
from dataplane.limits import KeyRates, ParkedCall, RateBook
from dataplane.rate_asks import LEASE_MICROSECONDS, RateAnswer, RateAsk, RateSource
from dataplane.records import KeyRecord

_log = logging.getLogger("dataplane.rates")
_MICROSECONDS = 1_000_000
PARKED_SECONDS = 0.1
ANSWER_SECONDS = 0.25
_TICK_SECONDS = 0.1
_PROBE_SECONDS = 0.5
_COUNT_SECONDS = 1.0
_FLIGHTS = 16
# So many are a millisecond of the loop, which has a turn for others between two flights.
_KEYS_PER_FLIGHT = 64
# Well before it lapses.
_RENEWED = LEASE_MICROSECONDS // 3
# Keys are asked for before their time to save asks, while those of the same moment are not so many.
_TOGETHER = 32
_FORGOTTEN_SECONDS = 120


@dataclass(slots=True)
class RateLeaser:
    """Runs beside the calls of one process, on their event loop. `expected`: there are at least so many processes.

    A call waits at most `parked_seconds`, an ask `answer_seconds`; then this process counts that key alone.
    """

    book: RateBook
    source: RateSource
    now: Callable[[], int]
    expected: int = 1
    parked_seconds: float = PARKED_SECONDS
    answer_seconds: float = ANSWER_SECONDS
    exchanges: int = 0
    failures: int = 0
    _loop: asyncio.AbstractEventLoop | None = None
    _flights: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _scheduled: bool = False
    _probed_at: float = 0.0
    _forgot_at: float = 0.0

    def __post_init__(self) -> None:
        self.book.leased = True
        self.book.share = 1 / self.expected
        self.book.wake = self._wake

    @property
    def degraded(self) -> str | None:
        """What is to be told about rates, None where they are exact."""
        alone = len(self.book.alone)
        if not self.book.down and not alone:
            return None
        return f"rates are counted by each process alone, 1/{round(1 / self.book.share)} of them here, for {alone} keys"

    def park(self, record: KeyRecord, tokens: int, news: Callable[[], None]) -> None:
        """Ask for what a call needs; `news` is called once, soon, and then the call may ask to be let in again."""
        rates = self.book.rates_of(record, self.now())
        if rates.lease is None:
            news()
            return
        call = ParkedCall(tokens, news)
        if not rates.parked:
            asyncio.get_running_loop().call_later(self.parked_seconds, self._waited_long, rates, call)
        rates.parked.append(call)
        self.book.ask_for(rates)

    async def news(self, record: KeyRecord, tokens: int) -> None:
        """Wait until there is news for such a call."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.park(record, tokens, lambda: None if told.done() else told.set_result(None))
        await told

    async def run(self) -> None:
        """Renew, give back and probe until cancelled."""
        self._loop = asyncio.get_running_loop()
        counting = asyncio.create_task(self._count())
        try:
            while True:
                self._look_after(self.now(), self._loop.time())
                self._wake()
                await asyncio.sleep(_TICK_SECONDS)
        finally:
            counting.cancel()
            await asyncio.gather(counting, *self._flights, return_exceptions=True)

    async def give_all_back(self) -> None:
        """Return everything that is held, before this process ends."""
        held = [rates for rates in self.book.holding.values() if rates.lease is not None]
        now = self.now()
        await self._exchange([rates.ask(now, idle=True) for rates in held])

    def _wake(self) -> None:
        if not self._scheduled and self._loop is not None:
            self._scheduled = True
            self._loop.call_soon(self._launch)

    def _launch(self) -> None:
        """Send some of what is due, first that which calls wait for; a key is in one flight at a time."""
        self._scheduled = False
        book = self.book
        if len(book.due) > _KEYS_PER_FLIGHT:
            book.due.sort(key=_nobody_waits)
        if book.due and len(self._flights) < _FLIGHTS:
            batch, book.due = book.due[:_KEYS_PER_FLIGHT], book.due[_KEYS_PER_FLIGHT:]
            for rates in batch:
                rates.due = False
            self._send([rates for rates in batch if not rates.asking])
            if book.due:
                self._wake()
        book.hurried = book.hurried and bool(book.due)

    def _send(self, batch: Sequence[KeyRates]) -> None:
        if not batch:
            return
        for rates in batch:
            rates.asking = True
        flight = asyncio.ensure_future(self._fly(batch))
        self._flights.add(flight)
        flight.add_done_callback(self._landed)

    def _landed(self, flight: "asyncio.Task[None]") -> None:
        self._flights.discard(flight)
        if self.book.hurried:
            self._wake()

    async def _fly(self, batch: Sequence[KeyRates]) -> None:
        sent = self.now()
        asks = [rates.ask(sent, idle=rates.is_idle(sent)) for rates in batch]
        answers = await self._exchange(asks)
        now = self.now()
        for rates, ask, answer in zip(batch, asks, answers, strict=True):
            rates.asking = False
            if answer is None:
                self._fail(rates, now)
            else:
                self.book.down = False
                self.book.answered(rates, ask, answer, (sent, now))
            _tell(rates)

    async def _exchange(self, asks: Sequence[RateAsk]) -> Sequence[RateAnswer | None]:
        self.exchanges += 1
        try:
            async with asyncio.timeout(self.answer_seconds):
                return await self.source.exchange(asks)
        except (TimeoutError, MarketplaceError):
            return [None] * len(asks)
        except Exception:
            # Calls go on at this process's share, whatever broke.
            _log.exception("rates could not be asked for")
            return [None] * len(asks)

    def _fail(self, rates: KeyRates, now: int) -> None:
        self.failures += 1
        self.book.down = True
        self.book.fall_to_share(rates, now)

    def _waited_long(self, rates: KeyRates, call: ParkedCall, grace: float = 0.02) -> None:
        if call not in rates.parked:
            return
        if grace and self._loop is not None:
            # It may have been this process that stood still: then the answer is here, and read before this ends.
            self._loop.call_later(grace, self._waited_long, rates, call, 0.0)
            return
        self._fail(rates, self.now())
        _tell(rates)

    def _look_after(self, now: int, ticked: float) -> None:
        """Moments are of the wall clock, which may step back; `ticked` are seconds that never do."""
        self._renew(now)
        if ticked - self._probed_at >= _PROBE_SECONDS:
            self._probed_at = ticked
            for rates in list(self.book.alone.values())[: 64 if self.book.down else None]:
                self.book.ask_for(rates)
        if ticked - self._forgot_at >= _FORGOTTEN_SECONDS:
            self._forgot_at = ticked
            self.book.forget(now - _FORGOTTEN_SECONDS * _MICROSECONDS)

    def _renew(self, now: int) -> None:
        """Ask for the leases that lapse soon or go back, and along with them for some that would be next."""
        asks, next_ones = 0, list[KeyRates]()
        for rates in list(self.book.holding.values()):
            lease = rates.lease
            rates.used_at = min(rates.used_at, now)
            if lease is not None and lease.holds(rates.in_flight):
                age = now - lease.since
                if not 0 <= age <= _RENEWED or (rates.is_idle(now) and lease.has_idle(rates.in_flight)):
                    asks += 1
                    self.book.ask_for(rates)
                elif age > _RENEWED // 2:
                    next_ones.append(rates)
            elif lease is None or not lease.awaits(rates.in_flight):
                del self.book.holding[rates.key_id]
        if asks:
            for rates in next_ones[: max(0, _TOGETHER - asks)]:
                self.book.ask_for(rates)

    async def _count(self) -> None:
        """Know how many processes share the rates, for the time when nobody can be asked."""
        while True:
            try:
                async with asyncio.timeout(self.answer_seconds):
                    self.book.share = 1 / max(self.expected, await self.source.processes(), 1)
            except (TimeoutError, MarketplaceError):
                self.book.down = True
            else:
                self.book.down = False
            await asyncio.sleep(_COUNT_SECONDS)


def _nobody_waits(rates: KeyRates) -> bool:
    return not rates.parked


def _tell(rates: KeyRates) -> None:
    parked, rates.parked = rates.parked, []
    for call in parked:
        call.news()
