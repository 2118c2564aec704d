"""Processes that share a key's rates in virtual time, many seeds: never above the limit, nearly all of it used.

Bugs that are planted on purpose are found, so the checks have teeth.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from fakes.rate_buckets import RateBuckets
from fakes.rate_simulation import Faults, FaultySource, Simulation, moment
from fixtures.compiled_calls import interpreted_only
from fixtures.report import tell

from dataplane.held_amount import HeldAmount
from dataplane.rate_asks import AmountAsk, RateAnswer, RateAsk

# A call that waited is counted when it is granted and goes when the answer is here.
LATEST = 0.01


def _ran(seed: int, faults: Faults, buckets: RateBuckets | None = None, **more: Any) -> Simulation:
    simulation = Simulation(seed, buckets or RateBuckets(), faults, **more)
    simulation.run()
    return simulation


def _passes(simulation: Simulation) -> bool:
    return simulation.most_above() > simulation.rate * LATEST + 0.01


def _exact_and_used(seed: int) -> float:
    simulation = _ran(seed, Faults(latest=LATEST, doubled=0.1, largest_skew=3_600_000_000))
    assert not _passes(simulation), f"seed {seed}"
    assert simulation.alone == 0
    assert len(simulation.let_in) >= 0.99 * simulation.single_let_in - 1, f"seed {seed}"
    return len(simulation.let_in) / simulation.single_let_in


@pytest.mark.parametrize("seed", range(4))
def test_processes_together_let_in_what_one_bucket_would_and_no_more(seed: int) -> None:
    _exact_and_used(seed)


@pytest.mark.slow
@pytest.mark.campaign
def test_many_seeds_are_exact() -> None:
    used = [_exact_and_used(seed) for seed in range(100, 160)]
    tell(
        f"rates, simulated: {len(used)} seeds, {sum(used) / len(used):.2%} of a single bucket's, least {min(used):.2%}"
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_rush_after_a_quiet_time_finds_the_burst_once(seed: int) -> None:
    assert not _passes(_ran(seed, Faults(latest=LATEST), quiet_seconds=2.0))


@pytest.mark.parametrize("seed", range(4))
def test_lost_answers_and_kills_cost_no_more_than_the_shares_of_those_who_count_alone(seed: int) -> None:
    simulation = _ran(seed, Faults(latest=LATEST, doubled=0.1, lost=0.05, kills=2))
    part = 1 / simulation.count
    shares = (simulation.falls * simulation.burst + simulation.alone * simulation.rate) * part
    assert len(simulation.let_in) <= simulation.allowed + shares + simulation.count


@dataclass
class TakesBackTwice(RateBuckets):
    """What an ask gives back comes back twice."""

    def answer(self, process: str, ask: RateAsk) -> RateAnswer:
        answered = super().answer(process, ask)
        assert ask.requests is not None
        self.buckets[f"{ask.team_id}:{ask.key_id}"].levels["requests"] += max(0, ask.requests.back)
        return answered


@dataclass
class ForgetsWhatIsHeld(RateBuckets):
    """The bucket refills as if nothing had been leased."""

    def answer(self, process: str, ask: RateAsk) -> RateAnswer:
        for bucket in self.buckets.values():
            for holding in bucket.holdings.values():
                holding.amounts = (0, 0, 0)
        return super().answer(process, ask)


@dataclass
class ReadsThenWrites(RateBuckets):
    """Each process decides on the level that it saw the last time, and writes what it thinks."""

    seen: dict[str, float] = field(default_factory=dict[str, float])

    def answer(self, process: str, ask: RateAsk) -> RateAnswer:
        bucket = self.buckets.get(f"{ask.team_id}:{ask.key_id}")
        if bucket is not None and process in self.seen:
            bucket.levels["requests"] = self.seen[process]
        answered = super().answer(process, ask)
        assert answered.requests is not None
        self.seen[process] = answered.requests.level
        return answered


@dataclass
class TrustsTheirClock(FaultySource):
    """The refill is reckoned with the time of whoever asks."""

    async def exchange(self, asks: Sequence[RateAsk]) -> Sequence[RateAnswer | None]:
        self.buckets.now = moment() + self.skew
        await asyncio.sleep(0)
        return [self.buckets.answer(self.process, ask) for ask in asks]


@pytest.mark.parametrize(
    ("buckets", "source", "faults"),
    [
        (TakesBackTwice, FaultySource, Faults(latest=LATEST)),
        (ForgetsWhatIsHeld, FaultySource, Faults(latest=LATEST)),
        (ReadsThenWrites, FaultySource, Faults(latest=LATEST)),
        (RateBuckets, TrustsTheirClock, Faults(latest=LATEST, largest_skew=3_600_000_000)),
    ],
    ids=["a lease returned twice", "held units forgotten", "read, then written", "the asker's clock"],
)
def test_a_planted_bug_of_the_server_is_found(
    buckets: type[RateBuckets], source: type[FaultySource], faults: Faults
) -> None:
    assert any(_passes(_ran(seed, faults, buckets(), source=source, quiet_seconds=2.0)) for seed in range(8))


def _keeps_what_it_returns(held: HeldAmount, parked: list[int], now: int, idle: bool) -> AmountAsk:
    asked = _asked(held, parked, now, idle)
    held.held += max(0, asked.back)
    return asked


def _rounds_up(held: HeldAmount, grant: Any, now: int) -> None:
    _answered(held, grant, now)
    held.held += math.ceil(grant.granted / 10)


_asked, _answered = HeldAmount.ask, HeldAmount.answer


@interpreted_only
@pytest.mark.parametrize(
    ("method", "bug"),
    [("ask", _keeps_what_it_returns), ("answer", _rounds_up)],
    ids=["uses what it returned", "rounds up"],
)
def test_a_planted_bug_of_the_process_is_found(method: str, bug: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HeldAmount, method, bug)
    assert any(_passes(_ran(seed, Faults(latest=LATEST), quiet_seconds=2.0)) for seed in range(8))
