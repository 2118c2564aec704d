"""One seed to its end: faults, then peace, then exactly as many calls as fit, then nothing leased."""

from collections import Counter
from dataclasses import dataclass, field

from simulation.call_attempts import Attempt
from simulation.faults import Faults
from simulation.invariants import check_the_end
from simulation.plan import SECONDS, SLOTS, Plan, PlannedCall, plan_of
from simulation.seams import Seams
from simulation.shop import PRICE, body_of
from simulation.violation import Violation
from simulation.world import World

from dataplane.pricing import worst_cost_nanodollars

_REAL = Seams()
_PEACE = 200.0


@dataclass
class Seen:
    """What a run has shown, to be summed up over many."""

    figures: Counter[str] = field(default_factory=Counter[str])
    died_at: Counter[str] = field(default_factory=Counter[str])


def run_seed(seed: int, seams: Seams = _REAL, trace: list[str] | None = None) -> Seen:
    """The run of a seed; raises Violation."""
    return run_plan(plan_of(seed), seams, trace)


def run_plan(plan: Plan, seams: Seams = _REAL, trace: list[str] | None = None) -> Seen:
    """The run of a plan; raises Violation."""
    world = World(plan, seams, trace)
    try:
        _Course(world).run()
    finally:
        world.bury()
    figures = Counter(
        {
            "calls": len(world.attempts.all),
            "sent": sum(call.left for call in world.witness.calls.values()),
            "settled": len(world.witness.rows) - world.witness.unknown,
            "unknown": world.witness.unknown,
            "overdrawn": sum(sums.overdraft > 0 for sums in world.witness.sums.values()),
            "lives": world.lives,
            "in flight at deaths": sum(call.died_open for call in world.witness.calls.values()),
            "disks lost": len(world.lost_holders),
        }
    )
    return Seen(figures, world.died_at)


class _Course:
    """The parts of a run, in order."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults = Faults(world)

    def run(self) -> None:
        world = self.world
        for fault in world.plan.faults:
            world.loop.call_at(fault.at, self.faults.strike, fault)
        for call in world.plan.calls:
            world.loop.call_at(call.at, world.attempts.begin, call)
        world.run_until(SECONDS)
        self.faults.heal()
        self._be_quiet()
        self._exactly_as_many_as_fit()
        self._end_in_peace()

    def _be_quiet(self) -> None:
        """Wait until every call has ended and every journal of the dead is settled."""
        world = self.world
        world.run_until(world.time.now + 1.0)
        until = world.time.now + _PEACE
        while not self._is_quiet():
            if world.time.now >= until:
                raise world.verdict.broken("end", "calls or journals of the dead never ended")
            world.run_until(world.time.now + 0.5)

    def _is_quiet(self) -> bool:
        alive = self.world.alive()
        journals = sum(len(name.rpartition("/")[2]) == 16 for disk in self.world.disks for name in disk.folders)
        bound = any(any(places.values()) for holder, places in self.world.witness.bound.items() if self._counts(holder))
        idle = all(not gateway.parts.in_flight and not gateway.door.draining for gateway in alive)
        return len(alive) == SLOTS and journals == SLOTS and idle and not bound

    def _counts(self, holder: str) -> bool:
        return holder not in self.world.lost_holders

    def _exactly_as_many_as_fit(self) -> None:
        """Callers of all gateways together get in as often as what is left has room for, and no more."""
        call, fit = self._a_call_that_fits_a_few_times()
        most = self._times(call, with_overdraft=True)
        waiting = [self.world.attempts.begin(self._at(call, n % SLOTS)) for n in range(fit + 2)]
        let_in: list[Attempt] = []
        refused = 0
        pause = 0.5
        while waiting and pause < _PEACE:
            self.world.run_until(self.world.time.now + pause)
            pause *= 1.5
            decided = [attempt for attempt in waiting if self._is_in(attempt)]
            let_in += decided
            refused += sum(attempt.refused for attempt in waiting)
            waiting = [self._once_more(a) for a in waiting if a not in decided and not a.refused]
        # A lease of a month that has just ended may still serve a call, which that month then bears.
        this_month = len(let_in) - sum(self._is_of_last_month(attempt) for attempt in let_in)
        if waiting or not (this_month <= most and fit <= len(let_in)):
            what = f"{fit} to {most} calls fit, {len(let_in)} were let in, {refused} refused, {len(waiting)} never told"
            raise self.world.verdict.broken("exactly", what)
        for attempt in let_in:
            if attempt.caller is not None:
                attempt.caller.exchange.process.loop.call_soon(attempt.caller.leave)

    def _is_in(self, attempt: Attempt) -> bool:
        call = self.world.witness.calls.get(attempt.call_id)
        return call is not None and call.left

    def _is_of_last_month(self, attempt: Attempt) -> bool:
        held = self.world.witness.calls[attempt.call_id].facts.reservations
        return any((one.period_ends_at or 0) <= self.world.microseconds() for one in held)

    def _once_more(self, attempt: Attempt) -> Attempt:
        """Asks again where it was told to come later."""
        return self.world.attempts.begin(attempt.planned) if attempt.status in (429, 503) else attempt

    def _a_call_that_fits_a_few_times(self) -> tuple[PlannedCall, int]:
        call = PlannedCall(0.0, 0, 0, 0, 5, True, "held", 1e9)
        while (fit := self._times(call)) > 7:
            call = PlannedCall(0.0, 0, 0, 0, call.tokens * 2, True, "held", 1e9)
        return call, fit

    def _times(self, call: PlannedCall, *, with_overdraft: bool = False) -> int:
        """How often a call fits into what no call has used and no lost disk holds.

        What vendors billed beyond reservations may stand where leases were granted before: those can still be used.
        """
        prompt = len(body_of(call))
        cost = worst_cost_nanodollars(prompt, call.tokens, PRICE) or 0
        world = self.world
        times: list[int] = []
        for scope in world.keys[call.key].scopes:
            free = scope.limit
            for (scope_id, _), row in world.tables.balances.items():
                if scope_id == scope.scope_id and row.month.end.timestamp() * 1e6 > world.microseconds():
                    lost = world.tables.leases.get((scope_id, row.month.start), {})
                    kept = sum(held.amount for name, held in lost.items() if name in world.lost_holders)
                    free -= row.settled + row.unknown + kept - (row.overdraft if with_overdraft else 0)
            times.append(max(0, free) // (prompt + call.tokens if scope.unit == "tokens" else cost))
        return min(times)

    @staticmethod
    def _at(call: PlannedCall, slot: int) -> PlannedCall:
        return PlannedCall(
            call.at, slot, call.key, call.size, call.tokens, call.streamed, call.behaviour, call.patience
        )

    def _end_in_peace(self) -> None:
        """Drained, every process gives all leases back; one that comes after it changes nothing more."""
        world = self.world
        world.run_until(world.time.now + 1.0)
        for generation in range(2):
            world.respawns = False
            for gateway in world.alive():
                gateway.process.loop.call_soon(gateway.drain)
            world.run_until(world.time.now + 8.0, lambda: not world.alive())
            if generation == 0:
                world.respawns = True
                for slot in range(SLOTS):
                    world.start_gateway(slot)
                self._be_quiet()
        check_the_end(world.tables, world.witness, world.lost_holders)


def failure_of(plan: Plan, seams: Seams = _REAL) -> Violation | None:
    """The violation that a plan leads to, if any."""
    try:
        run_plan(plan, seams)
    except Violation as violation:
        return violation
    return None
