"""Records that are gathered are written together before anything leaves, and are all or none on the disk."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fakes.call_facts import some_facts, some_settled
from fakes.journal_records import everything, read_frames
from msgspec.structs import replace

from dataplane.brief_records import Begun, Ended, Ends, Others, Own
from dataplane.call_records import CallFacts, Opened, Released, Returned, Settled
from dataplane.journal import Journal, open_journal
from dataplane.journal_folder import segment_path
from dataplane.journal_frames import JournalCorrupt, cut_ends, frame, read_ends
from dataplane.journal_reader import JournalReader
from dataplane.kept_reply import KeptReply
from dataplane.price import Price
from dataplane.record_kinds import Kinds, ended, own_of
from dataplane.refusals import JournalUnavailable
from dataplane.reservation import Reservation

TERMS, OTHER_TERMS = object(), object()


@dataclass
class Turn:
    """A turn of the loop: what is to be done before anything leaves."""

    deeds: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def ahead(self, deed: Callable[[], None]) -> None:
        self.deeds.append(deed)

    def ends(self) -> None:
        deeds, self.deeds = self.deeds, []
        for deed in deeds:
            deed()


def _gathering(folder: Path, turn: Turn, segment_bytes: int = 1 << 20) -> Journal:
    return open_journal(folder, 1, segment_bytes, turn.ahead)


def _with_one_open(folder: Path, turn: Turn) -> Journal:
    """A journal on whose disk call 1 stands open."""
    journal = _gathering(folder, turn)
    journal.opened(some_facts(1), TERMS, _never)
    turn.ends()
    return journal


def _records(journal: Journal) -> list[object]:
    return list(everything(journal.folder, 1))


def _of_one_of_two_listings(number: int) -> CallFacts:
    return replace(some_facts(number), listing_version=f"1.{number % 2}.0")


def _never(error: JournalUnavailable) -> None:
    raise AssertionError(error)


def test_what_one_turn_says_is_one_write_that_is_read_as_it_was_said(tmp_path: Path) -> None:
    turn = Turn()
    journal = _gathering(tmp_path, turn)
    for number in range(4):
        journal.opened(some_facts(number), TERMS if number < 3 else OTHER_TERMS, _never)
    assert (_records(journal), journal.calls_open, len(turn.deeds)) == ([], 4, 1)
    turn.ends()
    released = Released(some_facts(2), 502, "upstream_unreachable")
    journal.ended(some_settled(0))
    journal.ended(released)
    journal.ended(replace(some_settled(3), first_byte=3))
    journal.opened(some_facts(5), TERMS, _never)
    assert (journal.calls_open, journal.unwritten) == (5, 0)
    turn.ends()
    assert journal.calls_open == 2
    opened = [Opened(some_facts(number)) for number in (0, 1, 2, 3)]
    ends = [some_settled(0), replace(some_settled(3), first_byte=3)]
    assert _records(journal) == [*opened, *ends, Opened(some_facts(5)), released]
    batch = JournalReader(journal.folder, 1).batch(JournalReader(journal.folder, 1).position())
    # After what they refer to.
    assert (len(batch.frames), batch.ends) == (2, 2)
    assert list(read_ends(b"".join(batch.frames), 1)) == ends


def test_what_calls_have_in_common_stands_in_each_segment_once(tmp_path: Path) -> None:
    turn = Turn()
    journal = _gathering(tmp_path, turn, segment_bytes=2000)
    for number in range(50):
        journal.opened(_of_one_of_two_listings(number), object(), _never)
        turn.ends()
        journal.ended(replace(some_settled(number), facts=_of_one_of_two_listings(number)))
        turn.ends()
    assert journal.segment > 2
    for segment in range(1, journal.segment):
        assert segment_path(journal.folder, segment).read_bytes().count(b"acme/echo") == 2
    reader = JournalReader(journal.folder, 1)
    batch, settled = reader.batch(reader.position(), 3), list[str]()
    while batch.frames or not batch.is_last:
        # What a batch refers to goes with it, and nothing else.
        assert b"".join(batch.frames).count(b"acme/echo") <= 2
        settled += [end.facts.call_id for end in read_ends(b"".join(batch.frames), 1) if isinstance(end, Settled)]
        # A successor reads on from where this one came, without having read what was before.
        reader.move_to(batch.after)
        reader = JournalReader(journal.folder, 1)
        batch = reader.batch(reader.position(), 3)
    assert settled == [f"call_{number}" for number in range(50)]


@pytest.mark.parametrize(
    "changed",
    [
        {"policy_version": 3},
        {"reservations": (Reservation("s", 100, period_ends_at=9),)},
        {"reservations": (Reservation("s", 100, period_ends_at=9), Reservation("t", 7, "tokens"))},
    ],
)
def test_a_new_period_or_policy_under_the_same_terms_is_said_of_the_calls_that_it_holds_for(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    turn = Turn()
    journal = _gathering(tmp_path, turn)
    before, after = some_facts(1), replace(some_facts(2), **changed)
    for facts in (before, after):
        journal.opened(facts, TERMS, _never)
    turn.ends()
    assert _records(journal) == [Opened(before), Opened(after)]


def test_what_must_be_on_the_disk_at_once_takes_along_what_was_said_before(tmp_path: Path) -> None:
    turn = Turn()
    journal = _gathering(tmp_path, turn)
    journal.opened(some_facts(1), TERMS, _never)
    returned = Returned("ret_1", (Reservation("s", 5),))
    journal.returned(returned)
    assert _records(journal) == [Opened(some_facts(1)), returned]
    journal.opened(some_facts(2), TERMS)
    with_reply = replace(some_settled(1), reply=KeptReply("kept", 200, b"", b"body"))
    journal.ended(with_reply)
    assert _records(journal)[2:] == [Opened(some_facts(2)), with_reply]
    turn.ends()
    assert len(_records(journal)) == 4


def test_a_full_disk_tells_the_calls_that_were_to_begin_and_keeps_the_ends_of_those_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = Turn()
    lost: list[JournalUnavailable] = []
    journal = _with_one_open(tmp_path, turn)
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10]))
    for number in (2, 3):
        journal.opened(some_facts(number), TERMS, lost.append)
    journal.ended(some_settled(1))
    # This one's end is nobody's concern: it was never on the books.
    journal.ended(some_settled(2))
    turn.ends()
    assert (len(lost), journal.calls_open, journal.unwritten) == (2, 1, 1)
    journal.opened(some_facts(4), TERMS, lost.append)
    turn.ends()
    with pytest.raises(JournalUnavailable):
        journal.opened(some_facts(5), TERMS)
    assert (len(lost), journal.calls_open, journal.unwritten) == (3, 1, 1)
    assert _records(journal) == [Opened(some_facts(1))]
    monkeypatch.undo()
    journal.opened(some_facts(6), TERMS, _never)
    turn.ends()
    assert _records(journal) == [Opened(some_facts(1)), some_settled(1), Opened(some_facts(6))]
    assert (journal.calls_open, journal.unwritten) == (1, 0)


def test_what_could_be_written_to_no_disk_is_lost_with_its_turn_and_nothing_else(tmp_path: Path) -> None:
    turn = Turn()
    lost: list[JournalUnavailable] = []
    journal = _with_one_open(tmp_path, turn)
    journal.ended(replace(some_settled(1), cost=1 << 70))
    journal.opened(some_facts(2), TERMS, lost.append)
    turn.ends()
    # The call stays open: a successor finds its end unknown, and charges what it reserved.
    assert (len(lost), journal.calls_open, journal.unwritten) == (1, 1, 0)
    journal.opened(some_facts(3), TERMS, _never)
    turn.ends()
    assert _records(journal) == [Opened(some_facts(1)), Opened(some_facts(3))]


def test_a_new_segment_carries_the_calls_that_are_open_on_the_disk_and_no_others(tmp_path: Path) -> None:
    turn = Turn()
    journal = _gathering(tmp_path, turn, segment_bytes=100)
    for number in range(20):
        journal.opened(some_facts(number), TERMS, _never)
    journal.ended(some_settled(0))
    turn.ends()
    assert journal.segment == 2
    journal.opened(some_facts(999), TERMS, _never)
    last = segment_path(journal.folder, 2).read_bytes()
    carried = [record.facts.call_id for record, _ in read_frames(last, 1) if isinstance(record, Opened)]
    assert carried == [f"call_{number}" for number in range(1, 20)]


def test_an_end_that_waited_for_the_disk_says_what_it_refers_to_where_it_lands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = Turn()
    journal = _with_one_open(tmp_path, turn)
    monkeypatch.setattr(os, "write", lambda file, data: 0)
    journal.ended(some_settled(1))
    turn.ends()
    monkeypatch.undo()
    journal.start_segment()
    journal.write_waiting()
    records = [record for record, _ in read_frames(segment_path(journal.folder, 2).read_bytes(), 1)]
    assert records == [Opened(some_facts(1)), some_settled(1)]
    assert (journal.calls_open, journal.unwritten) == (0, 0)


def test_very_many_records_of_a_turn_stand_in_several_frames(tmp_path: Path) -> None:
    turn = Turn()
    journal = _gathering(tmp_path, turn)
    for number in range(1201):
        journal.opened(some_facts(number), TERMS, _never)
    turn.ends()
    for number in range(1201):
        journal.ended(some_settled(number))
    turn.ends()
    reader = JournalReader(journal.folder, 1)
    batch = reader.batch(reader.position(), 700)
    assert (len(batch.frames), batch.ends) == (3, 1000)
    assert len(list(read_ends(b"".join(batch.frames), 1))) == 1000
    assert reader.batch(batch.after, 700).ends == 201
    assert len(_records(journal)) == 2402


_KIND = Kinds().of(some_facts(1))
_END = ended(Begun(1, own_of(some_facts(1))), some_settled(1))


def _read(end: Ended, *, refers_to: int = 1) -> list[object]:
    return list(read_ends(frame(_KIND.alike, 7) + frame(Ends(1, [refers_to], [end]), 7), 7))


def test_an_end_is_read_with_what_stood_before_it() -> None:
    assert _read(_END) == [some_settled(1)]


@pytest.mark.parametrize(
    "changes",
    [
        {"alike": 2},
        {"alike": -1},
        {"cost": -1},
        {"own": Own("call_1", -1, (), 0, 0)},
        {"own": Own("call_1", 1, (Reservation("s", -1),), 0, 0)},
        {"spent": (2**63,)},
    ],
)
def test_a_brief_end_that_the_books_cannot_take_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(JournalCorrupt):
        _read(replace(_END, **changes))


def test_a_journal_whose_ends_refer_to_what_is_not_there_is_corrupt() -> None:
    data = frame(Ends(1, [1], [_END]), 7)
    with pytest.raises(JournalCorrupt):
        cut_ends(data, 7, 10, {})
    with pytest.raises(JournalCorrupt):
        list(read_frames(data, 7))
    with pytest.raises(JournalCorrupt):
        list(read_ends(frame(Others([Begun(1, _END.own)], []), 7), 7))


def test_terms_that_are_gone_are_never_taken_for_others(tmp_path: Path) -> None:
    turn = Turn()
    journal = _gathering(tmp_path, turn)
    said: list[object] = []
    for number in range(3000):
        # Most of these objects have the address of one that is gone.
        facts = replace(some_facts(number), price=Price(f"prc_{number}", 1, 1))
        said.append(Opened(facts))
        journal.opened(facts, object(), _never)
        turn.ends()
    assert _records(journal) == said
