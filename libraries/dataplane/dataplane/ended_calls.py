"""How calls ended, in whole numbers alone: a row a call, kept apart from all that the call was made of.

Records of calls kept until they are sent would be spread over more memory than a processor has near at hand, and each
new call would be made in parts of it that are cold: numbers side by side saved 2 of 70 microseconds a call.
"""

import struct
from array import array
from dataclasses import dataclass
from enum import IntEnum

from dataplane.call_records import Outcome, Released, Settled

TOO_MANY_AT_ONCE = "too_many_at_once"
CALLER_LEFT = Outcome.CALLER_LEFT.value
NO_FIRST_BYTE = -1
# What a vendor refuses with these says something about the request; anything else says something about the vendor.
_REQUEST_REFUSED = frozenset({400, 409, 413, 415, 422})
_SERVER_ERRORS = 500
# Ended at, status, fault, total, added, first byte, tokens of prompt, tokens of completion.
_WIDTH = 8
_ITEM = "q"
_row = struct.Struct(f"{_WIDTH}{_ITEM}").pack

# A call as its end left it, and the moment its request left us in microseconds (0: it never did).
CallEnd = tuple[Settled | Released, int]
# Listing, its version's id, version, model, team, streamed: what calls have in common that are kept together.
Common = tuple[str, str, str, str, str, bool]


class Fault(IntEnum):
    """Whose fault it is that a call did not succeed; the numbers are those of the contract."""

    NONE = 0
    CALLER = 1
    VENDOR = 2
    OURS = 3


@dataclass(frozen=True, slots=True)
class EndedCalls:
    """Calls of one listing version, team and kind; `figures` are their rows, one after the other."""

    common: Common
    figures: "array[int]"

    def __len__(self) -> int:
        """How many calls."""
        return len(self.figures) // _WIDTH

    def columns(self) -> "list[array[int]]":
        """Ended at, status, fault, total, added, first byte, tokens of prompt and completion: each a value a call."""
        return [self.figures[place::_WIDTH] for place in range(_WIDTH)]


class CallRows:
    """Ended calls by what they have in common. Those for which there is no `room` are counted as `dropped`."""

    __slots__ = ("_groups", "dropped", "room")

    def __init__(self, room: int) -> None:
        self.room = room
        self.dropped = 0
        # Rows as bytes: added to an array number by number they cost three times as much.
        self._groups: dict[Common, bytearray] = {}

    def add(self, end: CallEnd) -> None:
        """Keep the figures of a call; a call that was never sent ended when it began."""
        if self.room <= 0:
            self.dropped += 1
            return
        record, sent_at = end
        facts = record.facts
        listing_id, version_id, version = facts.listing_id, facts.listing_version_id, facts.listing_version
        common = (listing_id, version_id, version, facts.model, facts.team_id, facts.streamed)
        rows = self._groups.get(common)
        if rows is None:
            rows = self._groups[common] = bytearray()
        began = facts.started_at
        added = sent_at - began if sent_at > began else 0
        if isinstance(record, Released):
            rows += _row(began, record.status, fault_of(record), 0, added, NO_FIRST_BYTE, 0, 0)
        else:
            usage, total = record.usage, record.duration
            first = NO_FIRST_BYTE if record.first_byte is None else record.first_byte
            prompt, completion = usage.prompt_tokens, usage.completion_tokens
            rows += _row(began + total, record.status, fault_of(record), total, added, first, prompt, completion)
        self.room -= 1

    def take(self, most: int) -> list[list[EndedCalls]]:
        """All of them, at most so many calls in each batch. Whoever is done with some makes `room` again."""
        groups, self._groups = self._groups, {}
        batches: list[list[EndedCalls]] = []
        lacking = 0
        for common, rows in groups.items():
            figures = array(_ITEM, rows)
            start = 0
            while start < len(figures):
                if not lacking:
                    batches.append([])
                    lacking = most
                calls = EndedCalls(common, figures[start : start + lacking * _WIDTH])
                batches[-1].append(calls)
                start += len(calls.figures)
                lacking -= len(calls)
        return batches


_FAULT_OF_REASON = {TOO_MANY_AT_ONCE: Fault.OURS, CALLER_LEFT: Fault.CALLER}


def fault_of(record: Settled | Released) -> Fault:
    """Whose fault an end is: a request refused as such is its caller's, whatever else the vendor said is its own."""
    if isinstance(record, Released):
        return _FAULT_OF_REASON.get(record.reason, Fault.VENDOR)
    if record.outcome is Outcome.COMPLETED:
        return Fault.NONE
    if record.outcome is Outcome.CALLER_LEFT:
        return Fault.CALLER
    if record.outcome is Outcome.CUT and record.status >= _SERVER_ERRORS:
        return Fault.OURS
    refused = record.outcome is Outcome.UPSTREAM_ERROR and record.status in _REQUEST_REFUSED
    return Fault.CALLER if refused else Fault.VENDOR
