"""The shared buckets without a server: what the script that grants rates does, step by step, on a clock of the test's.

Tests hold it equal to the script on a real server, so that simulations of many seeds may run on it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from chassis.errors import Unavailable
from dataplane.rate_asks import (
    LEASE_MICROSECONDS,
    AmountAsk,
    AmountGrant,
    RateAnswer,
    RateAsk,
    SlotAsk,
    SlotGrant,
)

REMEMBERED = 60_000_000
TIGHT = 2_000_000
Amounts = tuple[float, float, float]


@dataclass
class Holding:
    """What one process holds of one key, as it said last."""

    number: int
    amounts: Amounts
    until: int
    granted: tuple[int, int] = (0, 0)


@dataclass
class Bucket:
    """The rates of one key."""

    at: int | None = None
    levels: dict[str, float] = field(default_factory=dict[str, float])
    tight: int = 0
    holdings: dict[str, Holding] = field(default_factory=dict[str, Holding])


@dataclass
class RateBuckets:
    """All keys. `now` is the server's clock in microseconds, moved by the test; `away` answers nobody."""

    now: int = 0
    away: bool = False
    buckets: dict[str, Bucket] = field(default_factory=dict[str, Bucket])

    def answer(self, process: str, ask: RateAsk) -> RateAnswer:
        """One ask, as the script answers it."""
        bucket = self.buckets.setdefault(f"{ask.team_id}:{ask.key_id}", Bucket())
        own, others, live = self._held(bucket, process)
        known = bucket.holdings.get(process)
        fresh = known is None or known.number < ask.number
        elapsed = max(self.now - (self.now if bucket.at is None else bucket.at), 0)
        grants: list[AmountGrant | None] = []
        held = [0.0, 0.0, 0.0]
        for place, (name, wish) in enumerate((("requests", ask.requests), ("tokens", ask.tokens))):
            if wish is None:
                grants.append(None)
            elif not fresh:
                again = known.granted[place] if known is not None and known.number == ask.number else 0
                grants.append(AmountGrant(again, bucket.levels.get(name, wish.burst)))
            else:
                level = bucket.levels.get(name, wish.burst)
                level, granted, kept = amounts(wish, level, elapsed, (others[place], own[place]), live)
                bucket.levels[name], held[place] = level, kept
                grants.append(AmountGrant(granted, level))
        slots = self._slots(bucket, ask.slots, own[2] if not fresh else None, others[2], live)
        if slots is not None:
            held[2] = slots.held
        if fresh:
            bucket.at = self.now
            for name, holding in list(bucket.holdings.items()):
                if self._left(holding) < -REMEMBERED:
                    del bucket.holdings[name]
            bucket.holdings[process] = Holding(
                ask.number, (held[0], held[1], held[2]), self.now + LEASE_MICROSECONDS, _granted(grants)
            )
        return RateAnswer(grants[0], grants[1], slots)

    def _slots(
        self, bucket: Bucket, wish: SlotAsk | None, stale: float | None, others: float, live: int
    ) -> SlotGrant | None:
        if wish is None:
            return None
        held, left, short = slots_of(wish, others, live, tight=bucket.tight > self.now)
        if stale is not None:
            return SlotGrant(int(stale), left, short)
        if held < wish.kept + wish.needed:
            bucket.tight = self.now + TIGHT
        return SlotGrant(held, left, short)

    def _left(self, holding: Holding) -> int:
        return min(holding.until, self.now + LEASE_MICROSECONDS) - self.now

    def _held(self, bucket: Bucket, process: str) -> tuple[Amounts, Amounts, int]:
        own: Amounts = (0, 0, 0)
        others, live = [0.0, 0.0, 0.0], 1
        for name, holding in bucket.holdings.items():
            left = self._left(holding)
            held: Amounts = holding.amounts if left > 0 else (0, 0, 0)
            if name == process:
                own = held
            else:
                others = [sum(pair) for pair in zip(others, held, strict=True)]
                live += left > 0
        return own, (others[0], others[1], others[2]), live


def _granted(grants: Sequence[AmountGrant | None]) -> tuple[int, int]:
    requests, tokens = (0 if grant is None else grant.granted for grant in grants)
    return requests, tokens


def amounts(
    ask: AmountAsk, level: float, elapsed: int, held_at_the_server: tuple[float, float], live: int
) -> tuple[float, int, int]:
    """The level after the refill and the grant, what is granted, what the process then holds unused."""
    others, own = held_at_the_server
    room = max(ask.burst - others - ask.held, 0)
    level = min(level + elapsed * ask.rate / 1_000_000, max(ask.burst - others - own, 0))
    level = min(level + ask.back, room)
    enough = min(ask.first, max(room, 1)) if ask.first + ask.held > ask.burst else ask.first
    granted = spare = 0
    if level >= enough:
        granted = max(ask.first, min(ask.parked + ask.soon, math.floor(max(level, 0))))
        spare = math.floor(max(min(ask.stock, (level - granted) / (2 * live), ask.burst / 8), 0))
    return level - granted - spare, granted + spare, ask.held + spare + max(granted - ask.parked, 0)


def slots_of(ask: SlotAsk, others: float, live: int, *, tight: bool) -> tuple[int, int, bool]:
    """Slots held, slots left, and whether somebody waits for one."""
    free = int(max(ask.limit - others, 0))
    wanted = ask.kept + ask.needed
    if wanted > free:
        return max(ask.kept, free), 0, True
    if not tight:
        wanted += math.floor(min(ask.spare, (free - wanted) / (2 * live)))
    return wanted, free - wanted, tight


@dataclass
class BucketsOf:
    """RateSource of one process over the same buckets."""

    buckets: RateBuckets
    process: str
    count: int = 1

    async def exchange(self, asks: Sequence[RateAsk]) -> Sequence[RateAnswer | None]:
        if self.buckets.away:
            return [None] * len(asks)
        return [self.buckets.answer(self.process, ask) for ask in asks]

    async def processes(self) -> int:
        if self.buckets.away:
            raise Unavailable("away")
        return self.count
