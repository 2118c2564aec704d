"""Several processes that share a key's rates under a seed, in virtual time: answers late, lost, doubled; kills.

The book, the leases and the leaser are the real ones; the server is `RateBuckets`.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from fakes.call_door import START, a_key, a_route
from fakes.rate_buckets import BucketsOf, RateBuckets
from fakes.virtual_time import run_virtually

from dataplane.admission import AdmissionState, asking
from dataplane.lease_keeper import LeaseKeeper
from dataplane.rate_asks import RateAnswer, RateAsk
from dataplane.rate_leaser import RateLeaser
from dataplane.records import KeyRecord, RateLimits
from dataplane.refusals import RateLimited
from dataplane.token_bucket import TokenBucket


@dataclass
class Faults:
    """Chances by ask. `latest` is the longest an answer takes."""

    latest: float = 0.01
    doubled: float = 0.0
    lost: float = 0.0
    kills: int = 0
    largest_skew: int = 0


@dataclass
class FaultySource(BucketsOf):
    """The way to the server and back."""

    dice: random.Random = field(default_factory=random.Random)
    faults: Faults = field(default_factory=Faults)
    skew: int = 0

    async def exchange(self, asks: Sequence[RateAsk]) -> Sequence[RateAnswer | None]:
        await asyncio.sleep(self.dice.random() * self.faults.latest / 2)
        self.buckets.now = moment()
        if self.dice.random() < self.faults.lost / 2:
            return [None] * len(asks)
        answers = await super().exchange(asks)
        if self.dice.random() < self.faults.doubled:
            answers = await super().exchange(asks)
        await asyncio.sleep(self.dice.random() * self.faults.latest / 2)
        return [None] * len(asks) if self.dice.random() < self.faults.lost / 2 else answers


def moment() -> int:
    """The true time, in microseconds."""
    return START + round(asyncio.get_running_loop().time() * 1e6)


@dataclass
class Simulation:
    """`let_in` is when each call went; `single` is a bucket in one place that sees the same calls, for comparison.

    While it is quiet the processes call at a twentieth of their pace.
    """

    seed: int
    buckets: RateBuckets
    faults: Faults
    count: int = 4
    seconds: float = 5.0
    quiet_seconds: float = 0.0
    source: type["FaultySource"] = FaultySource
    dice: random.Random = field(init=False)
    limits: RateLimits = field(init=False)
    let_in: list[int] = field(default_factory=list[int])
    single_let_in: int = 0
    alone: float = 0.0
    falls: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.rate = self.dice.choice([5.0, 20.0, 100.0])
        self.burst = float(max(4, int(self.rate * self.dice.choice([0.2, 0.5, 1, 2]))))
        self.limits = RateLimits(requests_per_second=self.rate, burst=self.burst)
        self.paces = [self.dice.choice([0.0, 0.1, 0.5, 2.0]) * self.rate for _ in range(self.count - 1)]
        self.paces.append(2.0 * self.rate)
        self.single = TokenBucket(self.rate, self.burst, self.burst, START)

    @property
    def allowed(self) -> float:
        """Calls until the end, if every one that may is let in."""
        return self.burst + self.rate * (self.let_in[-1] - START) / 1e6

    def most_above(self) -> float:
        """By how many calls the worst stretch of time passes burst + rate * time."""
        level, before, worst = self.burst, START, -self.burst
        for when in self.let_in:
            level = min(self.burst, level + (when - before) * self.rate / 1e6) - 1
            before, worst = when, max(worst, -level)
        return worst

    def tried(self) -> None:
        """A call came, anywhere."""
        if self.single.wait_for(1, moment()) == 0:
            self.single.take(1)
            self.single_let_in += 1

    def run(self) -> None:
        """Everything, until the time is over."""
        run_virtually(self._run())

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for place, pace in enumerate(self.paces):
                group.create_task(self._place(place, pace))

    async def _place(self, place: int, pace: float) -> None:
        """One process after another: killed, the next takes its place."""
        lives = 1 + (self.faults.kills if place == 0 else 0)
        for life in range(lives):
            process = Process(self, f"{place}-{life}", pace, random.Random(f"{self.seed}-{place}-{life}"))
            until = self.seconds * (life + 1) / lives
            try:
                async with asyncio.timeout_at(until):
                    await process.live()
            except TimeoutError:
                self.alone += process.alone


@dataclass
class Process:
    """One life of one."""

    simulation: Simulation
    name: str
    pace: float
    dice: random.Random
    alone: float = 0.0

    async def live(self) -> None:
        simulation = self.simulation
        skew = self.dice.randint(-simulation.faults.largest_skew, simulation.faults.largest_skew)
        state = AdmissionState()
        source = simulation.source(simulation.buckets, self.name, simulation.count, self.dice, simulation.faults)
        source.skew = skew
        leaser = RateLeaser(state.rates, source, lambda: moment() + skew, expected=simulation.count)
        keeper = LeaseKeeper(state, None, "h", leaser.now, lambda: "r", lambda _: None, rates=leaser)  # type: ignore[arg-type]
        key = a_key(limits=simulation.limits, scopes=())
        async with asyncio.TaskGroup() as group:
            group.create_task(leaser.run())
            group.create_task(self._watch(state))
            while self.pace:
                quiet = asyncio.get_running_loop().time() < simulation.quiet_seconds
                await asyncio.sleep(self.dice.expovariate(self.pace * (0.05 if quiet else 1)))
                simulation.tried()
                group.create_task(self._call(keeper, key))
            await asyncio.sleep(1e9)

    async def _watch(self, state: AdmissionState) -> None:
        before = False
        while True:
            now = bool(state.rates.alone)
            self.alone += 0.01 if now else 0.0
            self.simulation.falls += now and not before
            before = now
            await asyncio.sleep(0.01)

    async def _call(self, keeper: LeaseKeeper, key: KeyRecord) -> None:
        try:
            admitted = await keeper.admit(asking(key, a_route(), 1, 0))
        except RateLimited:
            return
        self.simulation.let_in.append(moment())
        keeper.state.rates.finish(admitted.rates, 0)
