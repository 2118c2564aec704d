"""Calls by what they have in common, numbered; and how the records of one refer to that."""

from msgspec.structs import astuple

from dataplane.bounded import make_room
from dataplane.brief_records import Alike, Begun, Ended, Own, Unsent
from dataplane.call_records import CallFacts, Released, Settled


def own_of(facts: CallFacts) -> Own:
    """What is a call's own."""
    return Own(facts.call_id, facts.started_at, facts.reservations, facts.prompt_estimate, facts.policy_version)


def ended(begun: Begun, record: Settled) -> Ended:
    """The end of a call that stands open."""
    # Its fields behind the facts are those of Ended behind the call's own, in the same order.
    return Ended(begun.alike, begun.own, *astuple(record)[1:])


def unsent(begun: Begun, record: Released) -> Unsent:
    """The end of a call that was not sent."""
    return Unsent(begun.alike, begun.own, record.status, record.reason)


class Kind:
    """An `Alike` as this process says it; `segment` is the last that says it."""

    __slots__ = ("alike", "number", "segment")

    def __init__(self, number: int, facts: CallFacts) -> None:
        self.alike = Alike(number, _names_of(facts), facts.streamed, facts.price, facts.price_estimated)
        self.number = number
        self.segment = 0


# Of what is forgotten beyond this the next call says all again.
_MOST_KINDS, _MOST_TERMS = 4096, 1024


class Kinds:
    """The kinds of calls that this process has numbered."""

    __slots__ = ("_by_content", "_by_terms", "_last")

    def __init__(self) -> None:
        self._by_content: dict[tuple[object, ...], Kind] = {}
        # By identity, for most calls share their terms with the one before; kept here, so that no others get their id.
        self._by_terms: dict[int, tuple[object, Kind]] = {}
        self._last = 0

    def of(self, facts: CallFacts, terms: object = None) -> Kind:
        """The kind of a call: all that name the same terms have in common what an `Alike` says."""
        known = self._by_terms.get(id(terms))
        return self._looked_up(facts, terms) if known is None else known[1]

    def _looked_up(self, facts: CallFacts, terms: object) -> Kind:
        content = _names_of(facts), facts.streamed, facts.price, facts.price_estimated
        kind = self._by_content.get(content)
        if kind is None:
            self._last += 1
            make_room(self._by_content, _MOST_KINDS)
            kind = self._by_content[content] = Kind(self._last, facts)
        if terms is not None:
            make_room(self._by_terms, _MOST_TERMS)
            self._by_terms[id(terms)] = terms, kind
        return kind


def _names_of(facts: CallFacts) -> tuple[str, str, str, str, str, str, str, str, str]:
    return (
        *(facts.key_id, facts.team_id, facts.account_id, facts.listing_id, facts.listing_version_id),
        *(facts.listing_name, facts.listing_version, facts.provider, facts.model),
    )
