"""The journal: what was written is read again, torn tails are forgotten, the dead are replayed by one successor."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from fakes.call_facts import some_facts, some_settled
from fakes.journal_records import everything, read_frames
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dataplane.call_records import JournalRecord, Opened, Released, Returned, Settled, Unknown, Unmade
from dataplane.journal import Journal, open_journal
from dataplane.journal_folder import Position, segment_path
from dataplane.journal_frames import LARGEST_FRAME, Cut, JournalCorrupt, cut_ends, frame, read_as_written, read_ends
from dataplane.journal_reader import JournalReader, seal_the_dead
from dataplane.kept_reply import LARGEST_BODY, KeptReply
from dataplane.refusals import JournalUnavailable
from dataplane.reservation import Reservation
from dataplane.usage import Usage


def _call(journal: Journal, number: int) -> None:
    journal.opened(some_facts(number))
    journal.ended(some_settled(number))


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _drain(reader: JournalReader, most: int = 3) -> list[str]:
    calls: list[str] = []
    position = reader.position()
    while (batch := reader.batch(position, most)).after != position:
        ends = read_ends(b"".join(batch.frames), reader.incarnation)
        calls += [record.facts.call_id for record in ends if isinstance(record, Settled)]
        position = batch.after
        reader.move_to(position)
    return calls


def test_an_end_without_a_reply_is_read_as_builds_before_replies_wrote_it_and_they_read_ours() -> None:
    ours = msgspec.msgpack.decode(msgspec.msgpack.encode(some_settled(1)))
    assert ours[-1] is None
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(ours[:-1]), type=Settled) == some_settled(1)
    longer = msgspec.msgpack.encode([*ours, "a field of tomorrow"])
    assert msgspec.msgpack.decode(longer, type=Settled) == some_settled(1)


def test_what_is_written_is_read_in_order_and_the_position_survives(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1)
    for number in range(10):
        _call(journal, number)
    reader = JournalReader(journal.folder, 1)
    first = reader.batch(reader.position(), 4)
    assert list(read_ends(b"".join(first.frames), 1)) == [some_settled(number) for number in range(4)]
    reader.move_to(first.after)
    assert JournalReader(journal.folder, 1).position() == first.after
    assert _drain(JournalReader(journal.folder, 1)) == [f"call_{number}" for number in range(4, 10)]
    journal.ended(Released(some_facts(11), 502, "upstream_unreachable"))
    journal.returned(Returned("ret_1", (Reservation("s", 5),)))
    (returned,) = reader.batch(reader.position()).frames
    assert list(read_ends(returned, 1)) == [Returned("ret_1", (Reservation("s", 5),))]


async def test_segments_carry_open_calls_along_and_are_deleted_once_acknowledged(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1, segment_bytes=2000)
    journal.opened(some_facts(999))
    for number in range(50):
        _call(journal, number)
    assert journal.segment > 5
    reader = JournalReader(journal.folder, 1)
    assert _drain(reader) == [f"call_{number}" for number in range(50)]
    assert [path.name for path in journal.folder.glob("*.journal")] == [f"{journal.segment:08d}.journal"]
    journal.close()
    (sealed,) = seal_the_dead(tmp_path)
    assert [unknown.facts.call_id for unknown in await sealed.unknown()] == ["call_999"]
    sealed.delete()
    assert _names(tmp_path) == ["lock"]


async def test_calls_without_an_end_are_found_among_many_in_steps_that_read_little(tmp_path: Path) -> None:
    waiting: list[Callable[[], None]] = []
    journal = open_journal(tmp_path, 1, segment_bytes=100_000, gather=waiting.append)
    for number in range(3000):
        journal.opened(some_facts(number), lost=lambda _: None)
        # Half end in the very write that they begin in, where ends stand first.
        if number % 2:
            waiting.pop()()
        if number % 100:
            journal.ended(some_settled(number))
    journal.close()
    (sealed,) = seal_the_dead(tmp_path)
    assert len(_names(journal.folder)) > 3
    assert sum(1 for _ in sealed.reader.unended_in_steps()) > 10
    assert [one.facts for one in await sealed.unknown()] == [some_facts(number) for number in range(0, 3000, 100)]


def test_an_end_is_known_once_nothing_waits_to_be_written(tmp_path: Path) -> None:
    waiting: list[Callable[[], None]] = []
    journal = open_journal(tmp_path, 1, gather=waiting.append)
    assert journal.end == Position(1, 0)
    journal.opened(some_facts(1), lost=lambda _: None)
    assert journal.end is None
    waiting.pop()()
    # Whoever is charged for a call that is open reads of it here.
    assert journal.end is None
    journal.ended(some_settled(1))
    assert journal.end is None
    waiting.pop()()
    assert journal.end == Position(1, segment_path(journal.folder, 1).stat().st_size)
    journal.delete()
    journal.close()
    assert _names(tmp_path) == ["lock"]
    assert not seal_the_dead(tmp_path)


async def test_a_damaged_length_in_the_midst_of_a_segment_is_reported_and_not_taken_for_its_end(tmp_path: Path) -> None:
    waiting: list[Callable[[], None]] = []
    journal = open_journal(tmp_path, 1, gather=waiting.append)
    for number in range(10_000):
        journal.opened(some_facts(number), lost=lambda _: None)
        journal.ended(some_settled(number))
    journal.close()
    (sealed,) = seal_the_dead(tmp_path)
    path = segment_path(journal.folder, 1)
    whole = path.read_bytes()
    third = [end for _, end in read_as_written(whole, 1)][2]
    # So much follows that a frame of any length would be there whole.
    assert len(whole) - third > LARGEST_FRAME + (64 << 10)
    for bit in range(32):
        data = bytearray(whole)
        data[third + bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        with pytest.raises(JournalCorrupt):
            await sealed.unknown()
        with pytest.raises(JournalCorrupt):
            _drain(JournalReader(journal.folder, 1))


def test_a_living_journal_is_nobodys_to_seal_and_a_dead_one_only_one_successors(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1)
    assert not seal_the_dead(tmp_path)
    with pytest.raises(FileExistsError):
        open_journal(tmp_path, 1)
    journal.close()
    (sealed,) = seal_the_dead(tmp_path)
    assert not seal_the_dead(tmp_path)
    sealed.let_go()
    assert len(seal_the_dead(tmp_path)) == 1
    assert not seal_the_dead(tmp_path / "nothing")


@settings(max_examples=60)
@given(st.integers(0, 2000), st.sampled_from([0, 1, 15, 16, 17, 5000]))
def test_a_tail_torn_anywhere_loses_nothing_before_it(cut: int, zeros: int) -> None:
    whole = [frame(Opened(some_facts(1)), 7), frame(some_settled(1), 7), frame(Opened(some_facts(2)), 7)]
    written = b"".join(whole)
    data = written[: cut or None] + bytes(zeros)
    kept = [end for _, end in read_frames(data, 7)]
    lengths = [len(whole[0]), len(whole[0] + whole[1]), len(b"".join(whole))]
    # A frame may itself end with zeros.
    assert kept == [length for length in lengths if data.startswith(written[:length])]


def test_damage_before_the_end_is_reported_not_skipped() -> None:
    data = bytearray(frame(some_settled(1), 7) + frame(some_settled(2), 7))
    data[40] ^= 1
    with pytest.raises(JournalCorrupt):
        list(read_frames(bytes(data), 7))
    with pytest.raises(JournalCorrupt):
        list(read_frames(frame(some_settled(1), 8) + frame(some_settled(2), 7), 7))


def test_a_full_disk_refuses_new_calls_and_keeps_the_ends_of_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(tmp_path, 1)
    journal.opened(some_facts(1))
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10]))
    journal.ended(some_settled(1))
    assert journal.unwritten == 1
    with pytest.raises(JournalUnavailable):
        journal.opened(some_facts(2))
    monkeypatch.undo()
    journal.opened(some_facts(3))
    assert journal.unwritten == 0
    calls = [record.facts.call_id for record in everything(journal.folder, 1) if isinstance(record, Opened | Settled)]
    assert calls == ["call_1", "call_1", "call_3"]


async def test_a_call_whose_end_waits_for_the_disk_is_carried_into_the_next_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(tmp_path, 1, segment_bytes=100)
    journal.opened(some_facts(1))
    write = os.write
    # Room for a new segment with what it carries, not for the end itself.
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10] if b"completed" in data else data))
    journal.ended(some_settled(1))
    assert (journal.segment, journal.calls_open, journal.unwritten) == (2, 1, 1)
    reader = JournalReader(journal.folder, 1)
    reader.move_to(Position(2, 0))
    monkeypatch.undo()
    journal.close()
    (sealed,) = seal_the_dead(tmp_path)
    assert [unknown.facts.call_id for unknown in await sealed.unknown()] == ["call_1"]


def test_where_no_segment_can_be_begun_the_old_one_goes_on_until_one_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(tmp_path, 1, segment_bytes=2000)
    journal.opened(some_facts(999))
    write, first = os.write, journal._file

    def full(file: int, data: bytes) -> int:
        if file != first:
            raise OSError("No space left on device")
        return write(file, data)

    monkeypatch.setattr(os, "write", full)
    for number in range(10):
        _call(journal, number)
    assert (journal.segment, journal.unwritten, journal.length > 2000) == (1, 0, True)
    monkeypatch.undo()
    _call(journal, 10)
    assert (journal.segment, journal.length < 2000) == (2, True)
    assert _drain(JournalReader(journal.folder, 1)) == [f"call_{number}" for number in range(11)]


def test_what_waits_for_the_disk_is_written_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = open_journal(tmp_path, 1)
    journal.opened(some_facts(1))
    monkeypatch.setattr(os, "write", lambda file, data: 0)
    journal.ended(some_settled(1))
    journal.write_waiting()
    assert (journal.calls_open, journal.unwritten) == (1, 1)
    monkeypatch.undo()
    journal.write_waiting()
    assert (journal.calls_open, journal.unwritten) == (0, 0)


def test_a_torn_position_means_from_the_start(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1)
    _call(journal, 1)
    reader = JournalReader(journal.folder, 1)
    reader.move_to(reader.batch(reader.position()).after)
    (journal.folder / "position").write_bytes(b"torn")
    assert reader.position() == Position(1, 0)
    assert segment_path(journal.folder, 1).exists()


def test_settlement_carries_the_frames_of_every_end_and_reads_past_the_others() -> None:
    returned, unmade = Returned("ret_1", (Reservation("s", 5),)), Unmade("team_1", "call_3")
    records: list[JournalRecord] = [Opened(some_facts(1)), some_settled(1), returned, Opened(some_facts(2)), unmade]
    records += [Released(some_facts(2), 502, "no"), Unknown(some_facts(4)), Opened(some_facts(5))]
    frames = [frame(record, 7) for record in records]
    data = b"".join(frames)
    assert [record for record, _ in read_frames(data, 7)] == records
    cut = cut_ends(data + frames[1][:-1], 7, 100, {})
    assert cut == Cut([frames[1], frames[2], frames[4], frames[6]], 4, set(), len(data))
    assert list(read_ends(b"".join(cut.frames), 7)) == [records[1], returned, unmade, records[6]]
    assert cut_ends(data, 7, 2, {}) == Cut(frames[1:3], 2, set(), len(b"".join(frames[:3])))


@pytest.mark.parametrize(
    "data",
    [
        frame(some_settled(1), 7)[:-1],
        frame(some_settled(1), 7)[:9],
        frame(some_settled(1), 8),
        frame(some_settled(1), 7)[:-1] + b"\xff",
        frame(some_settled(1), 7) + b"\x00",
        frame(Opened(some_facts(1)), 7),
        frame(replace(some_settled(1), spent=(2**63,)), 7),
        frame(replace(some_settled(1), cost=-1), 7),
        frame(replace(some_settled(1), usage=Usage(2**64 - 1)), 7),
        frame(Unknown(some_facts(2**53 + 1)), 7),
        frame(Returned("ret_1", (Reservation("s", -5),)), 7),
    ],
)
def test_what_is_no_whole_end_that_the_books_can_take_is_refused(data: bytes) -> None:
    whole = frame(some_settled(2), 7)
    with pytest.raises(JournalCorrupt):
        list(read_ends(whole + data, 7))


def test_ends_that_are_larger_than_a_read_come_in_batches_that_one_message_takes(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1)
    large = KeptReply("kept", 200, b"", b"x" * LARGEST_BODY)
    for number in range(30):
        journal.opened(some_facts(number))
        journal.ended(replace(some_settled(number), reply=large if number % 2 else None))
    reader = JournalReader(journal.folder, 1)
    batch = reader.batch(reader.position())
    assert 10 < batch.ends < 30
    assert sum(map(len, batch.frames)) < 5 << 20
    assert _drain(reader, 500) == [f"call_{number}" for number in range(30)]
