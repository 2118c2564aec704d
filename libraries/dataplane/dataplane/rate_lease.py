"""The rates of a key as this process holds them in small leases: most calls are let in from memory."""

from dataclasses import dataclass

from dataplane.held_amount import HeldAmount
from dataplane.rate_asks import LEASE_MICROSECONDS, AmountAsk, RateAnswer, RateAsk, SlotAsk
from dataplane.rate_short import RateName, RateShort
from dataplane.records import RateLimits

_MICROSECONDS = 1_000_000
_SLOT_INTERVAL = 20_000
# Calls of one key come in handfuls; the script gives no more of these than half of what is free.
_SPARE_SLOTS = 4
# While at least three quarters of all are free, so large a part is kept by each process that is called.
_PART_OUT_OF_PLENTY = 32
# What was not used for so long is given back: soon where somebody may miss it. A caller who pauses for a moment
# shall not wait for the shared buckets each time.
_IDLE = 400_000
_IDLE_OUT_OF_PLENTY = 10_000_000

Wishes = tuple[AmountAsk | None, AmountAsk | None, SlotAsk | None]


@dataclass(slots=True)
class RateLease:
    """What is held of each limit. It lapses by this machine's clock, also where that stepped back.

    `ask_after` is the moment before which another ask is useless, `slots_tight` says that a free slot is wanted
    elsewhere, `most_at_once` is how many calls at the same time there were since the last ask.
    """

    requests: HeldAmount | None
    tokens: HeldAmount | None
    max_slots: int | None
    slots: int = 0
    slots_left: int = 0
    slots_tight: bool = False
    most_at_once: int = 0
    since: int = 0
    until: int = 0
    ask_after: int = 0

    def short_of(self, tokens: int, in_flight: int, now: int) -> RateShort | None:
        """The first rate that this process cannot cover from what it holds, or None. Takes nothing."""
        if not self.since <= now < self.until:
            self.lapse(now)
        if in_flight >= self.most_at_once:
            self.most_at_once = in_flight + 1
        if self.max_slots is not None and in_flight >= self.slots:
            return self._short("concurrency", 0.0, tokens, now)
        held = self.requests
        if held is not None and held.held < 1:
            return self._short("requests", held.wait_for(1, now), tokens, now)
        held = self.tokens
        if held is not None and held.held < tokens:
            return self._short("tokens", held.wait_for(tokens, now), tokens, now)
        return None

    def take(self, tokens: int) -> bool:
        """Count a call in. Tells whether it is time to ask for more."""
        low = False
        held = self.requests
        if held is not None:
            held.held -= 1
            held.demand += 1
            low = held.held < held.low
        held = self.tokens
        if held is not None:
            held.held -= tokens
            held.demand += tokens
            if held.held < held.low:
                low = True
        return low

    def put_back_request(self) -> None:
        """Put back one request that was taken."""
        held = self.requests
        if held is not None:
            held.held += 1
            held.demand = max(0, held.demand - 1)

    def lapse(self, now: int) -> None:
        """Hold nothing any more. Moments that a clock which stepped back has before it are none to wait for."""
        self.slots = 0
        if now < self.since:
            self.ask_after = min(self.ask_after, now)
        for held in (self.requests, self.tokens):
            if held is not None:
                held.lapse(now)

    def holds(self, in_flight: int) -> bool:
        """Whether there is anything to renew or to give back; calls in flight count where they are limited."""
        return (self.max_slots is not None and in_flight > 0) or self.has_idle(in_flight)

    def awaits(self, in_flight: int) -> bool:
        """Whether calls under way may yet bring back tokens that they do not use."""
        return self.tokens is not None and in_flight > 0

    def _slot_wish(self, limit: int, parked: int, in_flight: int, *, idle: bool) -> SlotAsk:
        """Keep what calls use, and spare ones while nobody else wants them; what is let go is not used any more.

        What calls use goes up and down many times between two asks: spare ones are counted from where it was highest.
        """
        most, self.most_at_once = max(in_flight, self.most_at_once), in_flight
        spare = 0
        if not idle and not self.slots_tight:
            plenty = limit // _PART_OUT_OF_PLENTY if self.slots_left >= limit * 3 // 4 else 0
            spare = max(most - in_flight + _SPARE_SLOTS + most // 2, plenty)
        self.slots = max(in_flight, min(self.slots, in_flight + spare))
        free = self.slots - in_flight
        return SlotAsk(limit, self.slots, max(0, parked - free), max(0, spare - free))

    def has_idle(self, in_flight: int) -> bool:
        """Whether something is held that no call under way needs."""
        if self.slots > in_flight:
            return True
        return any(held is not None and (held.held > 0 or held.back) for held in (self.requests, self.tokens))

    def is_idle(self, unused: int, now: int) -> bool:
        """Whether what is held goes back, after so many microseconds without a call."""
        if unused <= _IDLE:
            return False
        return self.slots_tight or not self.is_plenty(now) or unused > _IDLE_OUT_OF_PLENTY

    def is_plenty(self, now: int) -> bool:
        """Whether nobody misses what is held of requests and tokens."""
        return all(held is None or held.is_plenty(now) for held in (self.requests, self.tokens))

    def wishes(self, parked: list[int], in_flight: int, now: int, *, idle: bool) -> Wishes:
        """What to ask for now of requests, tokens and slots; `parked` are the tokens of the calls that wait."""
        requests = tokens = slots = None
        if self.requests is not None:
            requests = self.requests.ask([1] * len(parked), now, idle)
        if self.tokens is not None:
            tokens = self.tokens.ask(parked, now, idle)
        if self.max_slots is not None:
            slots = self._slot_wish(self.max_slots, len(parked), in_flight, idle=idle)
        return requests, tokens, slots

    def answered(self, ask: RateAsk, answer: RateAnswer, sent: int, now: int) -> None:
        """Hold what was granted from the moment that the ask was sent."""
        interval = 0
        self.since, self.until = min(sent, now), sent + LEASE_MICROSECONDS
        for held, wish, grant in (
            (self.requests, ask.requests, answer.requests),
            (self.tokens, ask.tokens, answer.tokens),
        ):
            if held is not None and wish is not None and grant is not None:
                held.answer(grant, now)
                if grant.granted < wish.first or grant.level < 1:
                    interval = max(interval, held.interval())
        if answer.slots is not None and ask.slots is not None:
            self.slots, self.slots_left = answer.slots.held, answer.slots.left
            self.slots_tight = answer.slots.short or answer.slots.left < 1
            if self.slots < ask.slots.kept + ask.slots.needed:
                interval = max(interval, _SLOT_INTERVAL)
        self.ask_after = now + interval
        if interval:
            self._wait_for_calls()

    def _wait_for_calls(self) -> None:
        """Nothing is to be had in advance: the next ask is made by the call that finds nothing."""
        for held in (self.requests, self.tokens):
            if held is not None:
                held.low = 0

    def _short(self, rate: RateName, wait: float, tokens: int, now: int) -> RateShort:
        """Worth an ask, where the shared bucket may have it by now and the last ask did not come back empty."""
        if wait <= 0 and now >= self.ask_after:
            return RateShort(rate, 0.0, askable=True)
        self._refused(tokens)
        if wait > 0:
            return RateShort(rate, wait)
        soonest = (self.ask_after - now) / _MICROSECONDS
        return RateShort(rate, 1.0 if rate == "concurrency" else max(soonest, 0.001))

    def _refused(self, tokens: int) -> None:
        """Remember that more was wanted."""
        if self.requests is not None:
            self.requests.demand += 1
        if self.tokens is not None:
            self.tokens.demand += tokens


def lease_of(limits: RateLimits, now: int) -> RateLease:
    """A lease that holds nothing yet; the shared buckets are taken for full until they are asked."""
    requests = tokens = None
    if limits.requests_per_second is not None:
        burst = max(1.0, limits.burst)
        requests = HeldAmount(limits.requests_per_second, burst, burst, now, now)
    if limits.tokens_per_minute is not None:
        burst = float(max(1, limits.tokens_per_minute))
        tokens = HeldAmount(burst / 60, burst, burst, now, now)
    return RateLease(requests, tokens, limits.max_concurrency, slots_left=limits.max_concurrency or 0)
