"""The life of a call on the books: begun when admitted, opened before it is sent, settled or released at its end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dataplane.admission import AdmissionState, Admitted
from dataplane.call_journal import CallJournal, Lost
from dataplane.call_records import CallFacts, Outcome, Released, Returned, Settled
from dataplane.call_terms import CallTerms
from dataplane.leases import Left
from dataplane.limits import KeyRates
from dataplane.pricing import cost_nanodollars
from dataplane.reservation import Reservation
from dataplane.usage import Usage


@dataclass(slots=True)
class Ending:
    """How a call ended, as the exchange with the vendor saw it; moments are microseconds."""

    outcome: Outcome
    status: int
    usage: Usage
    at: int
    first_byte_at: int | None = None


@dataclass(slots=True)
class CallLedger:
    """Keeps leases, rates and journal of one process in step; everything here is done at once, without waiting."""

    state: AdmissionState
    journal: CallJournal
    written: Callable[[], None]
    new_return_id: Callable[[], str]
    # What ended calls left of their leases while the disk is full: the journal still says that they hold it.
    _withheld: list[Reservation] = field(default_factory=list[Reservation])

    def open(
        self, facts: CallFacts, admitted: Admitted, terms: CallTerms | None = None, lost: Lost | None = None
    ) -> None:
        """Write the call down before it is sent; raises JournalUnavailable, and then all that was taken is back.

        With `lost`, the journal may write it later, but before anything leaves; whoever is told that it could not is to
        forget the call.
        """
        try:
            self.journal.opened(facts, terms, lost)
        except Exception:
            self.forget(facts, admitted)
            raise
        if self._withheld:
            self._credit(())

    def settle(self, facts: CallFacts, admitted: Admitted, ending: Ending) -> tuple[Settled, Left]:
        """Charge what was used and give the rest back to the leases; tells what is left of the call's scopes."""
        usage, began, first = ending.usage, facts.started_at, ending.first_byte_at
        at, tokens = ending.at - began, usage.prompt_tokens + usage.completion_tokens
        cost = cost_nanodollars(usage, facts.price)
        spent = _spent_of(facts.reservations, tokens, cost)
        # A clock that stepped back ends no call before it began.
        if first is not None:
            first = first - began if first > began else 0
        settled = Settled(facts, ending.outcome, ending.status, usage, cost, spent, at if at > 0 else 0, first)
        self.journal.ended(settled)
        unused = admitted.tokens - tokens
        left = self._give_back(facts, spent, admitted.rates, unused if unused > 0 else 0)
        self.written()
        return settled, left

    def release(self, facts: CallFacts, admitted: Admitted, status: int, reason: str) -> Released:
        """The call never left: nothing is charged."""
        released = Released(facts, status, reason)
        self.journal.ended(released)
        self._give_back(facts, (0,) * len(facts.reservations), admitted.rates, admitted.tokens)
        self.written()
        return released

    def forget(self, facts: CallFacts, admitted: Admitted) -> None:
        """The call was admitted but never opened; nothing is written."""
        self.state.rates.finish(admitted.rates, admitted.tokens)
        self._credit(facts.reservations)

    @property
    def is_behind(self) -> bool:
        """Whether ends wait for the disk, or what they left for the leases."""
        return self.journal.unwritten > 0 or bool(self._withheld)

    def is_written(self) -> bool:
        """Whether the disk has all that was said of calls until now; what is gathered is written first."""
        self.journal.write_gathered()
        if self.journal.unwritten:
            return False
        self._credit(())
        return True

    def catch_up(self) -> None:
        """Write what waits for the disk, and give back what those calls did not use."""
        self.journal.write_waiting()
        if self.is_written():
            self.written()

    def give_up(self, amounts: Sequence[Reservation]) -> None:
        """Write down lease amounts that are no longer held here, so that consumption takes them back."""
        self.journal.returned(Returned(self.new_return_id(), tuple(amounts)))
        self.written()

    def _give_back(self, facts: CallFacts, spent: Sequence[int], rates: KeyRates, tokens: int) -> Left:
        self.state.rates.finish(rates, tokens)
        held, leases = facts.reservations, self.state.leases
        if self.journal.unwritten:
            self._withheld += _unspent(facts, spent)
            return leases.settle(held, [one.amount for one in held])[1]
        if self._withheld:
            self._credit(())
        elsewhere, left = leases.settle(held, spent)
        if elsewhere:
            self.give_up(elsewhere)
        return left

    def _credit(self, amounts: Sequence[Reservation]) -> None:
        if self._withheld and not self.journal.unwritten:
            amounts = [*self._withheld, *amounts]
            self._withheld.clear()
        elsewhere = self.state.leases.credit(amounts)
        if elsewhere:
            self.give_up(elsewhere)


def facts_of(call_id: str, arrived: int, terms: CallTerms, admitted: Admitted, prompt_estimate: int = 0) -> CallFacts:
    """What is written down of a call before it is sent."""
    # By position: a call makes one of these, and names would cost as much again. The order is CallFacts' own.
    return CallFacts(
        call_id,
        arrived,
        *terms.names,
        bool(terms.streamed),
        admitted.price,
        admitted.price_estimated,
        admitted.reservations,
        prompt_estimate,
        admitted.policy_version,
    )


def _spent_of(held: Sequence[Reservation], tokens: int, cost: int | None) -> tuple[int, ...]:
    """What a call used of each of its reservations; an unknown cost takes the whole hold."""
    if cost is None:
        return tuple([tokens if one.unit == "tokens" else one.amount for one in held])
    return tuple([tokens if one.unit == "tokens" else cost for one in held])


def _unspent(facts: CallFacts, spent: Sequence[int]) -> list[Reservation]:
    """What goes back to the leases after settlement; an overdraft gives nothing back and takes nothing."""
    return [
        Reservation(held.scope_id, held.amount - used, held.unit, held.period_ends_at)
        for held, used in zip(facts.reservations, spent, strict=True)
        if held.amount > used
    ]
