"""Faults such as are easily made, each in the place of one real part: the simulator must find every one of them."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from simulation.lease_model import LeaseModel
from simulation.ledger_tables import KeptAnswer
from simulation.seams import Seams
from simulation.settlement_model import SettlementModel

from consumption.budgets.ports import LeaseAnswer
from consumption.budgets.recalls import HeldLease, RecallRound
from consumption.budgets.rules import Balance, Grant, Wish
from consumption.settlement.rules import EndedCall, LeaseReturn, Movements, movements_of
from dataplane.admission import Admitted
from dataplane.call_ledger import CallLedger, Ending
from dataplane.call_records import CallFacts, Outcome, Settled, Unknown
from dataplane.journal_reader import SealedJournal
from dataplane.lease_keeper import LeaseKeeper
from dataplane.leases import LeaseBook, Left, Scoped
from dataplane.ports import GivenBack, Settler
from dataplane.recall_answers import RecallAnswers
from dataplane.reservation import Reservation
from dataplane.settlement import holder_name, replay


class LeaseReturnedByTime(LeaseModel):
    """A lease is taken back from a holder that was not granted anything for three seconds."""

    granted_at: dict[str, datetime]

    def acquire(
        self, holder: str, request_id: str, wishes: Sequence[Wish], now: datetime, recall: RecallRound | None
    ) -> LeaseAnswer:
        seen: dict[str, datetime] = self.__dict__.setdefault("granted_at", {})
        for place, held in self.tables.leases.items():
            for lease in list(held.values()):
                if lease.amount and now - seen.get(lease.holder, now) > timedelta(seconds=3):
                    self.tables.balances[place].leased -= lease.amount
                    self.tables.write(place, replace(lease, amount=0))
        seen[holder] = now
        return super().acquire(holder, request_id, wishes, now, recall)


class GrantedTwice(LeaseModel):
    """A request that comes again is granted again."""

    def answer_again(self, kept: KeptAnswer, balances: Sequence[Balance]) -> LeaseAnswer:
        answer = super().answer_again(kept, balances)
        return replace(answer, granted=tuple(replace(grant, amount=2 * grant.amount) for grant in answer.granted))


class AnsweredInAnotherMonth(LeaseModel):
    """A repeated request is told the month of now, whichever its lease is of."""

    def answer_again(self, kept: KeptAnswer, balances: Sequence[Balance]) -> LeaseAnswer:
        now = max((row.month for row in self.tables.balances.values()), key=lambda month: month.end)
        return super().answer_again(kept, [replace(balance, month=now) for balance in balances])


class GrantWithoutRecord(LeaseModel):
    """A grant takes from the balance, and its holder's row keeps the amount of before."""

    def give(self, holder: str, grant: Grant) -> Grant:
        given = super().give(holder, grant)
        place = (grant.balance.limit.scope_id, grant.balance.month.start)
        held: HeldLease = self.tables.leases[place][holder]
        if held.amount > given.amount:
            self.tables.write(place, replace(held, amount=held.amount - given.amount))
        return given


class CountedTwice(SettlementModel):
    """A batch that comes again counts again."""

    def fresh(self, calls: Sequence[EndedCall]) -> list[EndedCall]:
        return list(calls)


class MovedTwice(SettlementModel):
    """What was seen before keeps its row, and moves the balances all the same."""

    def commit(self, holder: str, calls: Sequence[EndedCall], returns: Sequence[LeaseReturn]) -> int:
        self.again = [call for call in calls if call.usage.call_id in self.tables.usage]
        return super().commit(holder, calls, returns)

    def movements(self, calls: Sequence[EndedCall], returns: Sequence[LeaseReturn]) -> Movements:
        return movements_of([*calls, *self.again], returns)


class UnknownForNothing(SettlementModel):
    """A call of unknown end is kept, and charged at 0."""

    def movements(self, calls: Sequence[EndedCall], returns: Sequence[LeaseReturn]) -> Movements:
        return movements_of([call for call in calls if call.usage.outcome != "unknown"], returns)


class SettledAfterTheLastBytes(CallLedger):
    """The end of a call is written when its reply has left."""

    def settle(self, facts: CallFacts, admitted: Admitted, ending: Ending) -> tuple[Settled, Left]:
        settled = settled_of(self, facts, ending)
        asyncio.get_running_loop().call_soon(super().settle, facts, admitted, ending)
        return settled, (None, None)


class ReleasedAfterItLeft(CallLedger):
    """A call whose vendor broke off is released, as if it had not been sent."""

    def settle(self, facts: CallFacts, admitted: Admitted, ending: Ending) -> tuple[Settled, Left]:
        if ending.outcome is not Outcome.UPSTREAM_BROKEN:
            return super().settle(facts, admitted, ending)
        self.release(facts, admitted, ending.status, "upstream_error")
        return settled_of(self, facts, ending), (None, None)


class AllGivenBack(CallLedger):
    """After a call all that it reserved can be lent again, whatever it used."""

    def settle(self, facts: CallFacts, admitted: Admitted, ending: Ending) -> tuple[Settled, Left]:
        settled, left = super().settle(facts, admitted, ending)
        used = zip(facts.reservations, settled.spent, strict=True)
        self.state.leases.credit([replace_amount(held, min(spent, held.amount)) for held, spent in used])
        return settled, left


class SomeScopesOnly(LeaseBook):
    """Only the first scopes of a call are debited."""

    def take(self, scopes: Iterable[Scoped], tokens: int, nanodollars: int, now: int) -> tuple[Reservation, ...] | None:
        return super().take(islice(scopes, 2), tokens, nanodollars, now)


class AskedAgainAfterItsAnswer(LeaseKeeper):
    """A request whose answer came while others were asked again is asked again all the same."""

    async def ask_again(self, scope_id: str) -> bool:
        lost = [(scopes, one) for scopes, one in self._unanswered.items() if scope_id in scopes]
        for scopes, one in lost:
            if scopes not in self._flights:
                await self._ask(scopes, one, recalls=False)
        return bool(lost)


class RecalledWhileReserved(RecallAnswers):
    """A recall gives back what calls under way have reserved, too."""

    def _take(self, scope_id: str, period_ends_at: int | None) -> GivenBack:
        given = super()._take(scope_id, period_ends_at)
        lease = self.keeper.state.leases.leases.get(scope_id)
        more = 0 if lease is None or not given.amount else max(0, lease.granted - given.amount)
        return GivenBack(scope_id, given.amount + more, period_ends_at, given.recall, given.newest_grant)


class RecalledBeforeItIsWritten(RecallAnswers):
    """A recall gives back what a call left whose end is still on its way to the journal."""

    def __init__(self, *parts: Any, **named: Any) -> None:
        super().__init__(*parts, **named)
        self.is_written = lambda: True


async def sealed_before_it_is_replayed(sealed: SealedJournal, settler: Settler, **options: Any) -> int:
    """The leases of the dead go back first."""
    await settler_until_done(lambda: settler.seal(holder_name(sealed.incarnation)))
    return await replay(sealed, settler, **options)


async def replayed_without_the_unknown(sealed: SealedJournal, settler: Settler, **options: Any) -> int:
    """Calls whose end nobody wrote are forgotten."""
    return await replay(ForgetfulJournal(sealed.reader, sealed.lock), settler, **options)


class ForgetfulJournal(SealedJournal):
    """Knows of no call of unknown end."""

    async def unknown(self) -> list[Unknown]:
        return []


def settled_of(ledger: CallLedger, facts: CallFacts, ending: Ending) -> Settled:
    """What the reply says of the call, without anything being written."""
    return Settled(facts, ending.outcome, ending.status, ending.usage, 0, tuple(0 for _ in facts.reservations), 0)


def replace_amount(held: Reservation, amount: int) -> Reservation:
    """The same place, another amount."""
    return Reservation(held.scope_id, amount, held.unit, held.period_ends_at)


async def settler_until_done(deed: Callable[[], Any]) -> None:
    """Again until it works."""
    while True:
        try:
            await deed()
        except Exception:
            await asyncio.sleep(0.5)
        else:
            return


@dataclass(frozen=True)
class PlantedBug:
    """A faulty part, and the invariants one of which it breaks first."""

    name: str
    seams: Seams
    caught_by: frozenset[str]


def _bugs(table: Iterable[tuple[str, Seams, str]]) -> list[PlantedBug]:
    return [PlantedBug(name, seams, frozenset(caught.split())) for name, seams, caught in table]


BUGS = _bugs(
    [
        ("a lease is returned by time", Seams(lease_model=LeaseReturnedByTime), "3"),
        ("a repeated request is granted twice", Seams(lease_model=GrantedTwice), "3"),
        ("an answer is given again in another month", Seams(lease_model=AnsweredInAnotherMonth), "3"),
        ("a grant is not written down", Seams(lease_model=GrantWithoutRecord), "1"),
        ("a settlement is counted twice", Seams(settlement_model=CountedTwice), "5"),
        ("a replayed journal moves balances again", Seams(settlement_model=MovedTwice), "1 2 3 5"),
        ("an unknown call is charged at 0", Seams(settlement_model=UnknownForNothing), "5"),
        ("a call is settled after its last bytes", Seams(call_ledger=SettledAfterTheLastBytes), "4"),
        ("a call is released after its request left", Seams(call_ledger=ReleasedAfterItLeft), "4"),
        ("a call gives back what it used", Seams(call_ledger=AllGivenBack), "3"),
        ("a call is debited in some of its scopes", Seams(lease_book=SomeScopesOnly), "2"),
        ("an answered request is asked again", Seams(lease_keeper=AskedAgainAfterItsAnswer), "3"),
        ("a recall gives back what is reserved", Seams(recall_answers=RecalledWhileReserved), "2 3"),
        ("a recall does not wait for the journal", Seams(recall_answers=RecalledBeforeItIsWritten), "3"),
        ("a lease is returned before its journal is replayed", Seams(replay=sealed_before_it_is_replayed), "3"),
        ("calls of unknown end are forgotten", Seams(replay=replayed_without_the_unknown), "3"),
    ]
)
