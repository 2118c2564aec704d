"""The life of a call on the books: begun when admitted, opened before it is sent, settled or released at its end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dataplane.admission import AdmissionState, Admitted
from dataplane.call_records import CallFacts, Outcome, Released, Returned, Settled, spent_of, unspent
from dataplane.journal import Journal
from dataplane.leases import Reservation
from dataplane.pricing import cost_nanodollars
from dataplane.records import KeyRecord, Route
from dataplane.usage import Usage


@dataclass(frozen=True, slots=True)
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
    journal: Journal
    written: Callable[[], None]
    new_return_id: Callable[[], str]

    def open(self, facts: CallFacts, admitted: Admitted) -> None:
        """Write the call down before it is sent; raises JournalUnavailable, and then all that was taken is back."""
        try:
            self.journal.opened(facts)
        except Exception:
            self._give_back(facts, facts.reservations, admitted.tokens)
            raise

    def settle(self, facts: CallFacts, admitted: Admitted, ending: Ending) -> Settled:
        """Charge what was used and give the rest back to the leases."""
        cost = cost_nanodollars(ending.usage, facts.price)
        settled = Settled(
            facts=facts,
            outcome=ending.outcome,
            status=ending.status,
            usage=ending.usage,
            cost=cost,
            spent=spent_of(facts, ending.usage, cost),
            duration=max(0, ending.at - facts.started_at),
            first_byte=None if ending.first_byte_at is None else max(0, ending.first_byte_at - facts.started_at),
        )
        self.journal.ended(settled)
        self._give_back(facts, unspent(settled), max(0, admitted.tokens - ending.usage.total_tokens))
        self.written()
        return settled

    def release(self, facts: CallFacts, admitted: Admitted, status: int, reason: str) -> None:
        """The call never left: nothing is charged."""
        self.journal.ended(Released(facts, status, reason))
        self._give_back(facts, facts.reservations, admitted.tokens)
        self.written()

    def forget(self, facts: CallFacts, admitted: Admitted) -> None:
        """The call was admitted but never opened; nothing is written."""
        self._give_back(facts, facts.reservations, admitted.tokens)

    def give_up(self, amounts: Sequence[Reservation]) -> None:
        """Write down lease amounts that are no longer held here, so that consumption takes them back."""
        self.journal.returned(Returned(self.new_return_id(), tuple(amounts)))
        self.written()

    def _give_back(self, facts: CallFacts, amounts: Sequence[Reservation], tokens: int) -> None:
        self.state.leases.credit(amounts)
        self.state.rates.finish(facts.key_id, tokens)


def facts_of(call_id: str, now: int, key: KeyRecord, route: Route, admitted: Admitted) -> CallFacts:
    """The facts of a plain call; `streamed` and `prompt_estimate` are set by the one who knows the body."""
    return CallFacts(
        call_id=call_id,
        started_at=now,
        key_id=key.key_id,
        team_id=key.team_id,
        account_id=key.account_id,
        listing_id=route.listing_id,
        listing_version_id=route.listing_version_id,
        listing_name=route.full_name,
        listing_version=route.version,
        provider=route.provider,
        model=route.upstream_model,
        streamed=False,
        price=admitted.price,
        price_estimated=admitted.price_estimated,
        reservations=admitted.reservations,
    )
