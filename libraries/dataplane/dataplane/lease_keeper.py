"""Lets calls in, waiting for leases only where they are short: one refill at a time for the same scopes."""

import asyncio
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from chassis.errors import MarketplaceError
from dataplane.admission import (
    AdmissionState,
    Admitted,
    CallRequest,
    Decision,
    NeedsLease,
    NeedsRate,
    Refused,
    admit_and_refill,
    too_fast,
)
from dataplane.leases import LeaseWish, ScopeShort
from dataplane.ports import LeaseAnswer, LeaseSource
from dataplane.rate_leaser import RateLeaser
from dataplane.records import KeyRecord
from dataplane.refusals import BudgetExhausted, LeasesUnavailable, QuotaExhausted
from dataplane.reservation import Reservation

_LONGEST_WAIT = 10.0
# Somebody else may take what this call was told of; then it is refused.
_RATE_ROUNDS = 3
_MICROSECONDS = 1_000_000
# Consumption forgets answers when it is told so, once in so many requests.
_TELL_EVERY = 64

Scopes = tuple[str, ...]


@dataclass(slots=True)
class _Flight:
    """One request under way; `recalls` where a short answer means that the others were asked too."""

    task: "asyncio.Task[LeaseAnswer]"
    recalls: bool


@dataclass(slots=True)
class _Unanswered:
    """A request that may have been granted though no answer came. A lost one is asked `again` by the same id.

    Once at a time, whoever wants to know: its answer must not be granted twice.
    """

    request_id: str
    wishes: Sequence[LeaseWish]
    lost: bool = False
    again: "asyncio.Task[LeaseAnswer] | None" = None


class _Need(NamedTuple):
    """What a waiting call lacked of a scope, when so much of it was `held` and had been `given` back so many times.

    `joined`: somebody else had asked already.
    """

    amount: int
    held: int
    given: int
    joined: bool

    def may_fit(self, short: ScopeShort, held: int, given: int) -> bool:
        """Whether a short answer says nothing about this call, by what is here now.

        Somebody else may have asked for more. And while the answer was on its way something of the scope may have
        come here otherwise, a lost grant that was found for a recall, or may have gone back, to be free for all.
        """
        gained = max(0, held - self.held)
        return given > self.given or ((self.joined or gained > 0) and self.amount - gained <= short.remaining)


@dataclass(slots=True)
class LeaseKeeper:
    """Admission with refills. `returned` is told what was left of leases whose period ended.

    `new_request_id` gives ids that grow in the order of their bytes, whatever the clock does.
    """

    state: AdmissionState
    source: LeaseSource
    holder: str
    now: Callable[[], int]
    new_request_id: Callable[[], str]
    returned: Callable[[Sequence[Reservation]], None]
    failures: int = 0
    rates: RateLeaser | None = None
    _flights: dict[Scopes, _Flight] = field(default_factory=dict[Scopes, _Flight])
    _unanswered: dict[Scopes, _Unanswered] = field(default_factory=dict[Scopes, _Unanswered])
    _asked: int = 0
    # Scopes of which something is on its way back to consumption, and the news that it has arrived.
    _given_back: frozenset[str] = frozenset()
    _times_given: Counter[str] = field(default_factory=Counter[str])
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def try_admit(self, request: CallRequest) -> Decision:
        """Decide at once, without waiting, and refill ahead what runs low; NeedsLease is for `admit` to wait out.

        Needs a running event loop only where a refill is started.
        """
        return admit_and_refill(self.state, request, self.now(), self.refill_low)

    def refill_low(self) -> None:
        """Refill ahead what runs low, without waiting for it."""
        for wish in self.state.leases.take_low():
            self._flight((wish.scope_id,), (wish,), recalls=False)

    async def admit(self, request: CallRequest) -> Admitted:
        """Let a call in or raise why not; waits for rates a moment, for refills at most ten seconds."""
        decision = await self._after_rates(request)
        if isinstance(decision, NeedsLease):
            try:
                async with asyncio.timeout(_LONGEST_WAIT):
                    decision = await self._after_refills(request, decision)
            except TimeoutError as error:
                raise _unavailable() from error
        if isinstance(decision, Refused):
            raise decision.error
        return decision

    async def ask_again(self, scope_id: str) -> bool:
        """Learn what became of requests for a scope whose answers were lost, and tell whether there were any.

        Raises where consumption is down.
        """
        any_lost = False
        for scopes, asked in list(self._unanswered.items()):
            if scope_id in scopes and asked.lost and self._unanswered.get(scopes) is asked:
                any_lost = True
                await self._ask_lost(scopes, asked)
        return any_lost

    @contextmanager
    def giving_back(self, scope_ids: Iterable[str]) -> Generator[None]:
        """Amounts of these scopes are on their way back as long as the block lasts; one block at a time.

        Until they arrive consumption counts them as held here, and would call a scope full for want of them: so nobody
        asks for more of it meanwhile.
        """
        self._given_back = frozenset(scope_ids)
        self._times_given.update(self._given_back)
        try:
            yield
        finally:
            self._given_back = frozenset()
            self._arrived.set()

    async def _after_refills(self, request: CallRequest, decision: NeedsLease) -> Admitted | Refused:
        while True:
            refusal = await self._refill(request, decision.wishes)
            if refusal is not None:
                return Refused(refusal)
            again = await self._after_rates(request)
            if not isinstance(again, NeedsLease):
                return again
            decision = again

    async def _after_rates(self, request: CallRequest) -> Admitted | Refused | NeedsLease:
        """The decision once the rates are clear: in most cases at once, else after a round trip or two."""
        decision = self.try_admit(request)
        rounds = 0
        while isinstance(decision, NeedsRate):
            if self.rates is None or rounds == _RATE_ROUNDS:
                return too_fast(self.state, request, decision.short, self.now())
            rounds += 1
            await self.rates.news(request.terms.key, decision.tokens)
            decision = self.try_admit(request)
        return decision

    async def _refill(self, request: CallRequest, wishes: Sequence[LeaseWish]) -> MarketplaceError | None:
        """Wait for one refill of these scopes: None means try again, an error refuses the call."""
        scopes = tuple(wish.scope_id for wish in wishes)
        if not self._given_back.isdisjoint(scopes):
            self._arrived.clear()
            await self._arrived.wait()
            return None
        joined = scopes in self._flights
        needs = {wish.scope_id: _Need(wish.needed, *self._standing(wish.scope_id), joined=joined) for wish in wishes}
        flight = self._flight(scopes, wishes, recalls=True)
        try:
            answer = await asyncio.shield(flight.task)
            # What a lost answer granted to this process is recalled from nobody.
            found = [await self.ask_again(short.scope_id) for short in answer.short]
        except MarketplaceError as error:
            raise _unavailable() from error
        if any(found) or not flight.recalls:
            return None
        return self._refusal(request, answer.short, needs)

    def _refusal(
        self, request: CallRequest, shorts: Iterable[ScopeShort], needs: Mapping[str, _Need]
    ) -> MarketplaceError | None:
        """Why a short answer refuses this call, or None where it may fit all the same."""
        hopeful = False
        for short in shorts:
            need = needs.get(short.scope_id)
            if need is None or need.may_fit(short, *self._standing(short.scope_id)):
                continue
            if need.amount > short.remaining + short.unanswered:
                return exhausted(request.terms.key, short, self.now())
            hopeful = True
        return _unavailable() if hopeful else None

    def _standing(self, scope_id: str) -> tuple[int, int]:
        """What is held of a scope, and how often some of it was given back."""
        return self.state.leases.available(scope_id), self._times_given[scope_id]

    def _flight(self, scopes: Scopes, wishes: Sequence[LeaseWish], *, recalls: bool) -> _Flight:
        flight = self._flights.get(scopes)
        if flight is None:
            task = asyncio.create_task(self._acquire(scopes, wishes, recalls=recalls))
            flight = self._flights[scopes] = _Flight(task, recalls)
            task.add_done_callback(lambda done: self._landed(scopes, done))
        return flight

    async def _acquire(self, scopes: Scopes, wishes: Sequence[LeaseWish], *, recalls: bool) -> LeaseAnswer:
        lost = self._unanswered.get(scopes)
        if lost is not None:
            answer = await self._ask_lost(scopes, lost)
            if answer.granted:
                return answer
        return await self._ask(scopes, _Unanswered(self.new_request_id(), wishes), recalls=recalls)

    async def _ask_lost(self, scopes: Scopes, lost: _Unanswered) -> LeaseAnswer:
        if lost.again is None or lost.again.done():
            lost.again = asyncio.create_task(self._ask(scopes, lost, recalls=False))
            lost.again.add_done_callback(self._count_failure)
        return await asyncio.shield(lost.again)

    async def _ask(self, scopes: Scopes, asked: _Unanswered, *, recalls: bool) -> LeaseAnswer:
        self._unanswered[scopes] = asked
        try:
            answer = await self.source.acquire(
                self.holder, asked.request_id, asked.wishes, recall=recalls, done_below=self._done_below()
            )
            if not answer.granted and not answer.short:
                raise _unavailable()
        except BaseException:
            asked.lost = True
            raise
        del self._unanswered[scopes]
        ended = self.state.leases.grant(answer.granted, self.now())
        if ended:
            self.returned(ended)
        return answer

    def _done_below(self) -> str:
        self._asked += 1
        return "" if self._asked % _TELL_EVERY else min(asked.request_id for asked in self._unanswered.values())

    def _landed(self, scopes: Scopes, flight: "asyncio.Task[LeaseAnswer]") -> None:
        self._flights.pop(scopes, None)
        self._count_failure(flight)

    def _count_failure(self, done: "asyncio.Task[LeaseAnswer]") -> None:
        if not done.cancelled() and done.exception() is not None:
            self.failures += 1


def exhausted(key: KeyRecord, short: ScopeShort, now: int) -> MarketplaceError:
    """The refusal of a scope that is full: 429 for a token quota, 402 for money, with when it resets."""
    scope = next((scope for scope in key.scopes if scope.scope_id == short.scope_id), None)
    wait = None if short.resets_at is None else max(1.0, (short.resets_at - now) / _MICROSECONDS)
    facts = {"limit": short.limit, "remaining": short.remaining, "scope": "" if scope is None else scope.kind}
    kind = "" if scope is None else f"{scope.kind}'s "
    if scope is not None and scope.unit == "tokens":
        said = f"The {kind}token quota of {short.limit} has {short.remaining} left, less than this call may need."
        return QuotaExhausted(f"{said} Lower max_tokens, or wait for its reset.", retry_after=wait, **facts)
    said = f"The {kind}budget has less left than this call may cost."
    return BudgetExhausted(f"{said} Lower max_tokens, or raise the budget.", retry_after=wait, **facts)


def _unavailable() -> LeasesUnavailable:
    return LeasesUnavailable("Quota and budget cannot be checked right now; try again shortly.", retry_after=1.0)
