"""What can be done with recalculations."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from chassis.clock import Clock
from chassis.identity.principal import Principal
from consumption.prices.rules import PriceRow
from consumption.recalculation.errors import RequestIdTaken, SpanRefused
from consumption.recalculation.ports import DryRun, RunStore
from consumption.recalculation.rules import LONGEST_SPAN, Counts, Group, Run, Scope, grouped

NewId = Callable[[str, datetime], str]
MOST_PREVIEWED = 100_000
# The gateway waits 30 s for an answer.
PREVIEW_SECONDS = 15.0
MOST_GROUPS = 200


@dataclass(frozen=True)
class Told:
    """Groups with the largest difference first, at most `MOST_GROUPS`, and the prices that they name, by id."""

    groups: tuple[Group, ...]
    prices: dict[str, PriceRow]


@dataclass(frozen=True)
class Preview:
    """What a recalculation would do; where it is not `complete`, of the calls alone that there was time for."""

    counts: Counts
    told: Told
    complete: bool


@dataclass(frozen=True)
class PreviewRecalculation:
    """Reprice the calls of a scope and write nothing; at most so many, and for so long. `monotonic` gives seconds."""

    calls: DryRun
    runs: RunStore
    clock: Clock
    monotonic: Callable[[], float]

    async def __call__(self, scope: Scope) -> Preview:
        """Raises SpanRefused."""
        now = self.clock.now()
        require_past(scope, now)
        until = self.monotonic() + PREVIEW_SECONDS
        counts, groups, complete = Counts(), dict[tuple[str, ...], Group](), True
        async for batch in self.calls.walk(scope, now):
            counts, groups = counts.plus(batch), grouped(groups, batch.corrections)
            if counts.calls >= MOST_PREVIEWED or self.monotonic() >= until:
                complete = False
                break
        ordered = sorted(groups.values(), key=lambda group: (-abs(group.difference), group.new_price_id))
        return Preview(counts, await told_of(self.runs, ordered), complete)


@dataclass(frozen=True)
class StartRecalculation:
    """Begin to reprice the calls of a scope; the worker does it, batch by batch."""

    runs: RunStore
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Principal, request_id: str, scope: Scope) -> Run:
        """The run; the one that is there, where the request came before. Raises SpanRefused, RequestIdTaken."""
        now = self.clock.now()
        require_past(scope, now)
        run = await self.runs.add(Run(self.new_id("rcl", now), request_id, caller.account_id, scope, now))
        if run.scope != scope:
            raise RequestIdTaken("This request id was sent with another scope: send another id.", run_id=run.run_id)
        return run


@dataclass(frozen=True)
class ReadRecalculation:
    """How far a run is, and what it has corrected."""

    runs: RunStore

    async def __call__(self, run_id: str) -> tuple[Run, Told]:
        """Raises RunNotFound."""
        run = await self.runs.find(run_id)
        return run, await told_of(self.runs, await self.runs.groups(run_id))


async def told_of(runs: RunStore, groups: list[Group]) -> Told:
    """The first of these groups with their prices."""
    first = tuple(groups[:MOST_GROUPS])
    named = sorted({price_id for group in first for price_id in (group.old_price_id, group.new_price_id)})
    return Told(first, await runs.prices(named))


def require_past(scope: Scope, now: datetime) -> None:
    """Raises SpanRefused: what is not over yet cannot be priced again."""
    if not scope.start < scope.end <= now or scope.end - scope.start > LONGEST_SPAN:
        raise SpanRefused(f"`from` must lie before `to`, by at most {LONGEST_SPAN.days} days, and `to` not after now.")
