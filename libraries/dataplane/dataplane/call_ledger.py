"""The life of a call on the books: begun when admitted, opened before it is sent, settled or released at its end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from dataplane.admission import AdmissionState, Admitted, CallRequest
from dataplane.call_journal import CallJournal
from dataplane.call_records import CallFacts, Outcome, Released, Returned, Settled, spent_of, unspent
from dataplane.leases import Reservation
from dataplane.pricing import cost_nanodollars
from dataplane.usage import Usage


class Ending(msgspec.Struct, frozen=True):
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

    def open(self, facts: CallFacts, admitted: Admitted) -> None:
        """Write the call down before it is sent; raises JournalUnavailable, and then all that was taken is back."""
        try:
            self.journal.opened(facts)
        except Exception:
            self.forget(facts, admitted)
            raise
        if self._withheld:
            self._credit(())

    def settle(self, facts: CallFacts, admitted: Admitted, ending: Ending) -> Settled:
        """Charge what was used and give the rest back to the leases."""
        cost = cost_nanodollars(ending.usage, facts.price)
        began, first = facts.started_at, ending.first_byte_at
        settled = Settled(
            facts,
            ending.outcome,
            ending.status,
            ending.usage,
            cost,
            spent_of(facts, ending.usage, cost),
            duration=max(0, ending.at - began),
            first_byte=None if first is None else max(0, first - began),
        )
        self.journal.ended(settled)
        self._give_back(facts, settled.spent, max(0, admitted.tokens - ending.usage.total_tokens))
        self.written()
        return settled

    def release(self, facts: CallFacts, admitted: Admitted, status: int, reason: str) -> Released:
        """The call never left: nothing is charged."""
        released = Released(facts, status, reason)
        self.journal.ended(released)
        self._give_back(facts, (0,) * len(facts.reservations), admitted.tokens)
        self.written()
        return released

    def forget(self, facts: CallFacts, admitted: Admitted) -> None:
        """The call was admitted but never opened; nothing is written."""
        self.state.rates.finish(facts.key_id, admitted.tokens)
        self._credit(facts.reservations)

    def catch_up(self) -> None:
        """Write what waits for the disk, and give back what those calls did not use."""
        self.journal.write_waiting()
        if not self.journal.unwritten:
            self._credit(())
            self.written()

    def give_up(self, amounts: Sequence[Reservation]) -> None:
        """Write down lease amounts that are no longer held here, so that consumption takes them back."""
        self.journal.returned(Returned(self.new_return_id(), tuple(amounts)))
        self.written()

    def _give_back(self, facts: CallFacts, spent: Sequence[int], tokens: int) -> None:
        self.state.rates.finish(facts.key_id, tokens)
        if self.journal.unwritten:
            self._withheld += unspent(facts, spent)
            return
        if self._withheld:
            self._credit(())
        self._return(self.state.leases.settle(facts.reservations, spent))

    def _credit(self, amounts: Sequence[Reservation]) -> None:
        if self._withheld and not self.journal.unwritten:
            amounts = [*self._withheld, *amounts]
            self._withheld.clear()
        self._return(self.state.leases.credit(amounts))

    def _return(self, elsewhere: list[Reservation]) -> None:
        if elsewhere:
            self.give_up(elsewhere)


def facts_of(call_id: str, arrived: int, asked: CallRequest, admitted: Admitted, prompt_estimate: int = 0) -> CallFacts:
    """What is written down of a call before it is sent."""
    key, route = asked.key, asked.route
    # By position: a call makes one of these, and names would cost as much again. The order is CallFacts' own.
    return CallFacts(
        call_id,
        arrived,
        key.key_id,
        key.team_id,
        key.account_id,
        route.listing_id,
        route.listing_version_id,
        route.full_name,
        route.version,
        route.provider,
        route.upstream_model,
        bool(asked.streamed),
        admitted.price,
        admitted.price_estimated,
        admitted.reservations,
        prompt_estimate,
        admitted.policy_version,
    )
