"""What this process holds of one shared bucket, and how fast it uses it: enough to ask for the right amount."""

import math
from dataclasses import dataclass

from dataplane.rate_asks import AmountAsk, AmountGrant

_MICROSECONDS = 1_000_000
# The demand is averaged over this time.
_AVERAGED = 1_000_000
# A stock lasts so long at the pace of the last moments; half of it used up, the next is asked for.
_STOCK_SECONDS = 2.0
# While three quarters of the bucket seem to be there so large a part of it is kept, however slow the pace: a key that
# is called now and then would ask at each call otherwise. With 32 the last hundredth of a small bucket was kept from
# those who wanted it (`test_rate_simulation.py`).
_PART_OUT_OF_PLENTY = 128
_LONGEST_INTERVAL = 50_000
_SHORTEST_INTERVAL = 2_000


@dataclass(slots=True)
class HeldAmount:
    """Whole units held of a bucket of `burst` that refills at `rate` a second.

    `level` is what was in the shared bucket at the last answer, `demand` what calls wanted since the last ask.
    """

    rate: float
    burst: float
    level: float
    answered_at: int
    asked_at: int
    held: int = 0
    low: int = 0
    back: int = 0
    demand: int = 0
    pace: float = 0.0

    def lapse(self, now: int) -> None:
        """Hold nothing any more; what was answered later than now was answered before a clock stepped back."""
        self.held = 0
        self.low = 0
        self.answered_at = min(self.answered_at, now)

    def left(self, now: int) -> float:
        """What is here and, as far as one can tell from here, in the shared bucket."""
        elapsed = now - self.answered_at
        left = self.held + self.level
        if elapsed > 0:
            left += elapsed * self.rate / _MICROSECONDS
        return left if left < self.burst else self.burst

    def wait_for(self, amount: int, now: int) -> float:
        """Seconds until the shared bucket can have the amount; 0 where it may have it now."""
        missing = min(amount, self.burst) - self.left(now)
        if missing <= 0:
            return 0.0
        return missing / self.rate if self.rate > 0 else math.inf

    def is_plenty(self, now: int) -> bool:
        """Whether nobody misses what is kept here: half of the bucket is there, as far as one can tell."""
        return self.left(now) >= self.burst / 2

    def interval(self) -> int:
        """Microseconds between two asks of an empty bucket: short enough that none of its refill runs over."""
        longest = self.burst * _MICROSECONDS / (4 * self.rate) if self.rate > 0 else _LONGEST_INTERVAL
        return int(max(_SHORTEST_INTERVAL, min(_LONGEST_INTERVAL, longest)))

    def ask(self, parked: list[int], now: int, idle: bool) -> AmountAsk:
        """What to ask for the calls that wait, in their order, and for those that will come at this pace."""
        self._average(now)
        waiting = sum(parked)
        wish = 0.0 if idle else self._stock(now)
        keep = math.ceil(wish)
        back = self.back
        self.back = 0
        if self.held > waiting + 2 * keep:
            back += self.held - waiting - keep
            self.held = waiting + keep
        short = max(0, waiting - self.held)
        free = max(0, self.held - waiting)
        soon = 0 if idle else max(0, math.ceil(self.pace * self.interval() / _MICROSECONDS) - free)
        stock = max(0, int(wish) - free - soon)
        first = min(short, max(0, parked[0] - self.held)) if parked else 0
        return AmountAsk(self.rate, self.burst, self.held, back, first, short, soon, stock)

    def answer(self, grant: AmountGrant, now: int) -> None:
        """Hold what was granted."""
        self.held += grant.granted
        self.low = (self.held + 1) // 2
        self.level = grant.level
        self.answered_at = now

    def _stock(self, now: int) -> float:
        """What it is good to have here."""
        at_this_pace = self.pace * _STOCK_SECONDS
        if self.left(now) < self.burst * 3 / 4:
            return at_this_pace
        return max(at_this_pace, self.burst / _PART_OUT_OF_PLENTY)

    def _average(self, now: int) -> None:
        elapsed = max(0, now - self.asked_at)
        self.asked_at = now
        if elapsed == 0:
            return
        kept = math.exp(-elapsed / _AVERAGED)
        self.pace = self.pace * kept + self.demand * (1 - kept) * _MICROSECONDS / elapsed
        self.demand = 0
