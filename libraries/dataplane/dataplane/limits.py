"""Rates of every key that calls in this process: requests, tokens, calls at once. They may be lost without harm.

A process with a leaser lets calls in from small leases of buckets that all processes share; without one, or while
nobody answers, it counts its own share alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from dataplane.rate_asks import AmountAsk, RateAnswer, RateAsk, SlotAsk
from dataplane.rate_lease import RateLease, lease_of
from dataplane.rate_share import RateShare, share_of
from dataplane.rate_short import RateShort
from dataplane.records import KeyRecord, RateLimits
from dataplane.shown_limits import ShownLimits, shown_limits


@dataclass(frozen=True, slots=True)
class ParkedCall:
    """A call that waits for a rate: it is told when there is news, and then asks again."""

    tokens: int
    news: Callable[[], None]


@dataclass(slots=True)
class KeyRates:
    """The rates of one key. `lease` is None where this process counts alone, now or always."""

    key_id: str
    team_id: str
    limits: RateLimits
    shown: ShownLimits | None
    share: RateShare
    lease: RateLease | None
    used_at: int
    in_flight: int = 0
    number: int = 0
    due: bool = False
    asking: bool = False
    parked: list[ParkedCall] = field(default_factory=list[ParkedCall])

    def is_idle(self, now: int) -> bool:
        """Whether no call came for so long that what is held goes back; a process that counts alone holds nothing."""
        return self.lease is not None and self.lease.is_idle(now - self.used_at, now)

    def ask(self, now: int, *, idle: bool) -> RateAsk:
        """What to ask for now; a process that counts alone asks for nothing but says what it took."""
        self.number = max(self.number + 1, now)
        if self.lease is None:
            return self._alone()
        parked = [call.tokens for call in self.parked]
        requests, tokens, slots = self.lease.wishes(parked, self.in_flight, now, idle=idle)
        return RateAsk(self.team_id, self.key_id, self.number, requests, tokens, slots)

    def answered(self, ask: RateAsk, answer: RateAnswer, sent: int, now: int) -> None:
        """Hold what was granted; whoever counted alone holds leases again."""
        if self.lease is None:
            self.lease = lease_of(self.limits, now)
            for held, owed in zip((self.lease.requests, self.lease.tokens), self.share.owed(), strict=True):
                if held is not None:
                    held.back = -owed
        self.lease.answered(ask, answer, sent, now)

    def fall_to_share(self, part: float, now: int) -> None:
        """Count alone from here on, beginning with this process's part of what was left."""
        lease, self.lease = self.lease, None
        if lease is None:
            return
        self.share = share_of(self.limits, part, now)
        for bucket, held in ((self.share.requests, lease.requests), (self.share.tokens, lease.tokens)):
            if bucket is not None and held is not None:
                bucket.level = min(bucket.burst, held.left(now) * part)

    def left(self, now: int) -> tuple[float | None, float | None]:
        """Requests and tokens left as far as one can tell from here; None where there is no such limit."""
        counted = self.lease or self.share
        requests, tokens = counted.requests, counted.tokens
        return None if requests is None else requests.left(now), None if tokens is None else tokens.left(now)

    def slots_left(self) -> int:
        """Calls more that may run at the same time, as far as one can tell from here; 0 where there is no limit."""
        lease = self.lease
        left = (self.share.slots or 0 if lease is None else lease.slots + lease.slots_left) - self.in_flight
        return left if left > 0 else 0

    def _alone(self) -> RateAsk:
        requests, tokens = self.share.owed()
        wanted = lease_of(self.limits, 0)
        return RateAsk(
            self.team_id,
            self.key_id,
            self.number,
            None if wanted.requests is None else AmountAsk(wanted.requests.rate, wanted.requests.burst, 0, -requests),
            None if wanted.tokens is None else AmountAsk(wanted.tokens.rate, wanted.tokens.burst, 0, -tokens),
            None if wanted.max_slots is None else SlotAsk(wanted.max_slots, self.in_flight),
        )


@dataclass(slots=True)
class RateBook:
    """All rates of one process. `share` is its part of a key's rates while it counts alone.

    `leased`: a leaser runs; `down`: it gets no answer. Keys that want an ask stand in `due`; where one cannot wait
    until the leaser comes by, `wake` is called, and `hurried` is true until all have asked.
    Those that count alone although a leaser runs stand in `alone`, those with a lease that may hold something in
    `holding`.
    """

    share: float = 1.0
    leased: bool = False
    down: bool = False
    keys: dict[str, KeyRates] = field(default_factory=dict[str, KeyRates])
    due: list[KeyRates] = field(default_factory=list[KeyRates])
    hurried: bool = False
    alone: dict[str, KeyRates] = field(default_factory=dict[str, KeyRates])
    holding: dict[str, KeyRates] = field(default_factory=dict[str, KeyRates])
    wake: Callable[[], None] = lambda: None

    def rates_of(self, record: KeyRecord, now: int) -> KeyRates:
        """The rates of a key, made or changed where its limits are new here; calls in flight stay counted."""
        rates = self.keys.get(record.key_id)
        limits = record.limits
        if rates is not None and (rates.limits is limits or rates.limits == limits):
            # A record that was looked up anew says the same in other words: the next call compares them at a glance.
            rates.limits = limits
            return rates
        shown, share = shown_limits(limits), share_of(limits, self.share, now)
        lease = lease_of(limits, now) if self.leased and not self.down and shown is not None else None
        if rates is None:
            rates = KeyRates(record.key_id, record.team_id, limits, shown, share, lease, now)
            self.keys[record.key_id] = rates
        else:
            rates.limits, rates.shown, rates.share, rates.lease = limits, shown, share, lease
        self._note(rates)
        return rates

    def short_of(self, rates: KeyRates, tokens: int, now: int) -> RateShort | None:
        """The first rate that a call would pass, or None. Takes nothing."""
        rates.used_at = now
        return (rates.lease or rates.share).short_of(tokens, rates.in_flight, now)

    def take(self, rates: KeyRates, tokens: int) -> None:
        """Count a call in; `short_of` was None at the same moment."""
        rates.in_flight += 1
        lease = rates.lease
        if lease is None:
            rates.share.take(tokens)
        elif lease.take(tokens):
            # Where there is plenty, what is held lasts for another second: asked for with others it costs half.
            self.ask_for(rates, at_once=not lease.is_plenty(rates.used_at))

    def finish(self, rates: KeyRates, unused_tokens: int) -> None:
        """Count a call out that was counted in, and put back the tokens that it did not use."""
        rates.in_flight -= 1
        lease = rates.lease
        if lease is None:
            rates.share.give_back(unused_tokens)
            return
        if lease.tokens is not None:
            lease.tokens.held += unused_tokens
        if lease.slots_tight:
            self.ask_for(rates)

    def put_back_request(self, rates: KeyRates) -> None:
        """Put back one request that was taken: it turned out to be a call, which is counted where it is let in."""
        (rates.lease or rates.share).put_back_request()

    def fall_to_share(self, rates: KeyRates, now: int) -> None:
        """Count one key alone until it is answered again."""
        if rates.lease is not None:
            rates.fall_to_share(self.share, now)
            self._note(rates)

    def answered(self, rates: KeyRates, ask: RateAsk, answer: RateAnswer, moments: tuple[int, int]) -> None:
        """Hold what an ask brought; `moments` are when it was sent and when it was answered."""
        rates.answered(ask, answer, *moments)
        self._note(rates)
        lease = rates.lease
        if lease is not None and lease.slots_tight and lease.slots > rates.in_flight + len(rates.parked):
            # Somebody was just refused what is spare here.
            self.ask_for(rates)

    def forget(self, before: int) -> None:
        """Drop keys that were not used since then and hold nothing."""
        for key_id, rates in list(self.keys.items()):
            if rates.used_at < before and not rates.in_flight and not rates.parked and key_id not in self.holding:
                del self.keys[key_id]
                self.alone.pop(key_id, None)

    def ask_for(self, rates: KeyRates, *, at_once: bool = True) -> None:
        """Have the leaser ask for this key, in the next turn of the loop or when it comes by."""
        if not rates.due:
            rates.due = True
            self.due.append(rates)
        if at_once and not self.hurried:
            self.hurried = True
            self.wake()

    def _note(self, rates: KeyRates) -> None:
        self.alone.pop(rates.key_id, None)
        if rates.lease is not None:
            self.holding[rates.key_id] = rates
        elif self.leased and rates.shown is not None:
            self.alone[rates.key_id] = rates
