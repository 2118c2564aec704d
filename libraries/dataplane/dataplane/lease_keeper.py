"""Lets calls in, waiting for leases only where they are short: one refill at a time for the same scopes."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from chassis.errors import MarketplaceError
from dataplane.admission import AdmissionState, Admitted, CallRequest, NeedsLease, Refused, admit
from dataplane.leases import LeaseWish, Reservation, ScopeShort
from dataplane.ports import LeaseAnswer, LeaseSource
from dataplane.records import KeyRecord
from dataplane.refusals import BudgetExhausted, LeasesUnavailable, QuotaExhausted

_LONGEST_WAIT = 10.0
_MICROSECONDS = 1_000_000

Scopes = tuple[str, ...]


@dataclass(slots=True)
class LeaseKeeper:
    """Admission with refills. `returned` is told what was left of leases whose period ended."""

    state: AdmissionState
    source: LeaseSource
    holder: str
    now: Callable[[], int]
    new_request_id: Callable[[], str]
    returned: Callable[[Sequence[Reservation]], None]
    failures: int = 0
    _flights: dict[Scopes, asyncio.Task[LeaseAnswer]] = field(default_factory=dict[Scopes, asyncio.Task[LeaseAnswer]])
    _unanswered: dict[Scopes, str] = field(default_factory=dict[Scopes, str])

    async def admit(self, request: CallRequest) -> Admitted:
        """Let a call in or raise why not; waits for a refill at most ten seconds."""
        decision = admit(self.state, request, self.now())
        if isinstance(decision, NeedsLease):
            try:
                async with asyncio.timeout(_LONGEST_WAIT):
                    decision = await self._after_refills(request, decision)
            except TimeoutError as error:
                raise _unavailable() from error
        if isinstance(decision, Refused):
            raise decision.error
        self._refill_ahead(decision.reservations)
        return decision

    async def _after_refills(self, request: CallRequest, decision: NeedsLease) -> Admitted | Refused:
        while True:
            short = await self._refill(decision.wishes)
            if short:
                return Refused(exhausted(request.key, short[0], self.now()))
            again = admit(self.state, request, self.now())
            if not isinstance(again, NeedsLease):
                return again
            decision = again

    async def _refill(self, wishes: Sequence[LeaseWish]) -> tuple[ScopeShort, ...]:
        """Wait for one refill of these scopes: an empty answer means try again; scopes that are full mean refusal."""
        scopes = tuple(wish.scope_id for wish in wishes)
        joined = scopes in self._flights
        try:
            answer = await asyncio.shield(self._flight(scopes, wishes))
        except MarketplaceError as error:
            raise _unavailable() from error
        return _that_refuse(answer, wishes) if joined else answer.short

    def _flight(self, scopes: Scopes, wishes: Sequence[LeaseWish]) -> asyncio.Task[LeaseAnswer]:
        flight = self._flights.get(scopes)
        if flight is None:
            flight = asyncio.create_task(self._acquire(scopes, wishes))
            self._flights[scopes] = flight
            flight.add_done_callback(lambda done: self._landed(scopes, done))
        return flight

    async def _acquire(self, scopes: Scopes, wishes: Sequence[LeaseWish]) -> LeaseAnswer:
        request_id = self._unanswered.setdefault(scopes, self.new_request_id())
        answer = await self.source.acquire(self.holder, request_id, wishes)
        if not answer.granted and not answer.short:
            raise _unavailable()
        del self._unanswered[scopes]
        ended = self.state.leases.grant(answer.granted)
        if ended:
            self.returned(ended)
        return answer

    def _landed(self, scopes: Scopes, flight: asyncio.Task[LeaseAnswer]) -> None:
        self._flights.pop(scopes, None)
        if not flight.cancelled() and flight.exception() is not None:
            self.failures += 1

    def _refill_ahead(self, reservations: Sequence[Reservation]) -> None:
        for wish in self.state.leases.running_low(reservations, self.now()):
            self._flight((wish.scope_id,), (wish,))


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


def _that_refuse(answer: LeaseAnswer, wishes: Iterable[LeaseWish]) -> tuple[ScopeShort, ...]:
    """The scopes of somebody else's refill that refuse this call too: it needs more than they have left."""
    needed = {wish.scope_id: wish.needed for wish in wishes}
    return tuple(short for short in answer.short if needed.get(short.scope_id, 0) > short.remaining)


def _unavailable() -> LeasesUnavailable:
    return LeasesUnavailable("Quota and budget cannot be checked right now; try again shortly.", retry_after=1.0)
