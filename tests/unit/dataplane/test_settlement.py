"""Settlement: sent again until acknowledged, counted once, and nothing of a dead process is forgotten."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes.call_facts import some_facts, some_settled
from fakes.spend_ledger import Account, SpendLedger

from dataplane.call_records import Returned, Unknown
from dataplane.journal import Journal, open_journal
from dataplane.journal_folder import Position, segment_path
from dataplane.journal_reader import JournalReader, seal_the_dead
from dataplane.settlement import Settlement, holder_name, replay, replay_all, wait_after


class _Flaky(SpendLedger):
    """Fails before or after committing, for a while."""

    def __init__(self, failures: list[str], limit: int = 10_000) -> None:
        super().__init__({"s": Account(limit)})
        self.failures = failures
        self.committed = asyncio.Event()

    async def settle(self, holder: str, ends: Sequence[bytes]) -> None:
        failure = self.failures.pop() if self.failures else ""
        if failure != "before":
            await super().settle(holder, ends)
            self.committed.set()
        if failure:
            raise ConnectionError(failure)


async def _no_wait(seconds: float) -> None:
    await asyncio.sleep(0)


def _lease(spend: SpendLedger, incarnation: int, amount: int) -> None:
    spend.accounts["s"].leased[holder_name(incarnation)] = amount


def _calls(journal: Journal, ended: range, started: range) -> None:
    for number in started:
        journal.opened(some_facts(number))
    for number in ended:
        journal.ended(some_settled(number))


async def test_batches_that_fail_come_again_and_count_once(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1)
    _calls(journal, range(20), range(20))
    spend = _Flaky(["before", "after", "after", "before"])
    _lease(spend, 1, 5000)
    settlement = Settlement(JournalReader(journal.folder, 1), spend, _no_wait, batch_size=7)
    await settlement.send_written()
    assert len(spend.usage) == 20
    assert (spend.accounts["s"].settled, spend.accounts["s"].leased[holder_name(1)]) == (800, 4200)
    assert settlement.health.sent == 20
    await settlement.send_written()
    assert settlement.health.sent == 20


async def test_an_acknowledgement_lost_with_the_process_is_a_duplicate_that_changes_nothing(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1)
    _calls(journal, range(3), range(5))
    spend = _Flaky([])
    _lease(spend, 1, 1000)
    reader = JournalReader(journal.folder, 1)
    await spend.settle(holder_name(1), reader.batch(reader.position()).frames)
    journal.close()
    (sealed,) = seal_the_dead(tmp_path)
    assert await replay(sealed, spend, _no_wait) == 2
    assert spend.accounts["s"] == Account(10_000, settled=120, unknown=200)
    assert sum(isinstance(row, Unknown) for row in spend.usage.values()) == 2
    spend.check()


async def test_a_journal_is_done_once_all_that_stands_in_it_is_acknowledged(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1)
    settlement = Settlement(JournalReader(journal.folder, 1), SpendLedger({"s": Account(10_000)}), _no_wait)
    assert settlement.is_done(journal.end)
    _calls(journal, range(3), range(4))
    await settlement.send_written()
    assert not settlement.is_done(journal.end), "one call is open"
    _calls(journal, range(3, 4), range(0))
    assert not settlement.is_done(journal.end)
    await settlement.send_written()
    assert settlement.is_done(journal.end)
    # As it may come after the seal.
    journal.returned(Returned("ret_1", ()))
    assert not settlement.is_done(journal.end)


async def test_a_successor_that_dies_in_the_replay_leaves_it_to_the_next(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1)
    _calls(journal, range(10), range(12))
    journal.close()
    spend = _Flaky([])
    _lease(spend, 1, 2000)
    (first,) = seal_the_dead(tmp_path)
    await Settlement(first.reader, spend, _no_wait).send_written()
    spend.commit(holder_name(1), (await first.unknown())[:1])
    first.let_go()
    (second,) = seal_the_dead(tmp_path)
    await replay(second, spend, _no_wait)
    assert (spend.accounts["s"].settled, spend.accounts["s"].unknown) == (400, 200)
    assert not seal_the_dead(tmp_path)


def _no_file_to_open(monkeypatch: pytest.MonkeyPatch, incarnation: int) -> None:
    """The first time that this journal's position is asked for, as many files are open as may be."""
    position, failures = JournalReader.position, [OSError(24, "Too many open files")]

    def first_fails(reader: JournalReader) -> Position:
        if reader.incarnation == incarnation and failures:
            raise failures.pop()
        return position(reader)

    monkeypatch.setattr(JournalReader, "position", first_fails)


async def test_a_journal_that_cannot_be_read_keeps_no_other_from_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for incarnation in (1, 2, 3):
        journal = open_journal(tmp_path, incarnation)
        _calls(journal, range(3), range(3))
        if incarnation == 1:
            path = segment_path(journal.folder, 1)
            path.write_bytes(bytes(1) + path.read_bytes()[1:])
        journal.close()
    _no_file_to_open(monkeypatch, 2)
    dead = seal_the_dead(tmp_path)
    await replay_all(dead, SpendLedger({"s": Account(10_000)}), _no_wait)
    assert [journal.reader.folder.is_dir() for journal in dead] == [True, False, False]
    assert "until somebody looks" in caplog.text


async def test_settlement_goes_on_where_no_file_could_be_opened_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(tmp_path, 1)
    _calls(journal, range(3), range(3))
    _no_file_to_open(monkeypatch, 1)
    spend = _Flaky([])
    settlement = Settlement(JournalReader(journal.folder, 1), spend, _no_wait)
    running = asyncio.create_task(settlement.run())
    settlement.wake()
    await asyncio.wait_for(spend.committed.wait(), 5)
    running.cancel()
    assert len(spend.usage) == 3


async def test_the_runner_sends_what_is_written_while_it_runs(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1)
    spend = _Flaky([])
    settlement = Settlement(JournalReader(journal.folder, 1), spend, _no_wait)
    running = asyncio.create_task(settlement.run())
    _calls(journal, range(2), range(2))
    settlement.wake()
    await spend.committed.wait()
    assert len(spend.usage) == 2
    await settlement.seal()
    assert spend.sealed == {holder_name(1)}
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_calls_that_end_while_a_batch_is_under_way_gather_for_the_next(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, 1)

    class _Busy(_Flaky):
        async def settle(self, holder: str, ends: Sequence[bytes]) -> None:
            await super().settle(holder, ends)
            _calls(journal, (late := range(len(self.usage), len(self.usage) + 2)), late)

    spend = _Busy([])
    _lease(spend, 1, 10_000)
    settlement = Settlement(JournalReader(journal.folder, 1), spend, _no_wait, batch_size=4)
    _calls(journal, range(6), range(6))
    await settlement.send_written()
    assert settlement.health.sent == 10, "a full batch is followed at once, and the first that is not full is the last"
    await settlement.send_written()
    assert settlement.health.sent == 12


def test_waits_double_up_to_ten_seconds() -> None:
    assert [wait_after(failures) for failures in (1, 2, 3, 50)] == [0.1, 0.2, 0.4, 10.0]


async def test_a_disk_too_full_for_the_position_does_not_end_the_sending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(tmp_path, 1)
    spend = _Flaky([])
    _lease(spend, 1, 10_000)
    settlement = Settlement(JournalReader(journal.folder, 1), spend, _no_wait)

    def no_room(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_room)
    _calls(journal, range(3), range(3))
    await settlement.send_written()
    assert len(spend.usage) == 3
    assert "OSError" in settlement.health.last_error
    monkeypatch.undo()
    _calls(journal, range(3, 5), range(3, 5))
    await settlement.send_written()
    assert (len(spend.usage), settlement.health.sent) == (5, 5)
    assert JournalReader(journal.folder, 1).position() > JournalReader(journal.folder, 1)._first()


async def test_a_disk_that_is_full_of_what_is_settled_is_free_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(tmp_path, 1, segment_bytes=1000)
    spend = SpendLedger({"s": Account(100_000)})
    settlement = Settlement(JournalReader(journal.folder, 1), spend, _no_wait)
    _calls(journal, range(3), range(3))
    await settlement.send_written()
    written = settlement.reader.position()
    _calls(journal, range(3, 30), range(3, 30))

    def no_room(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_room)
    await settlement.send_written()
    assert [int(path.stem) for path in journal.folder.glob("*.journal")] == [journal.segment]
    monkeypatch.undo()
    journal.close()
    (sealed,) = seal_the_dead(tmp_path)
    assert sealed.reader.position() == Position(journal.segment, 0) > written
    assert await replay(sealed, spend, _no_wait) == 0
    assert (len(spend.usage), spend.accounts["s"].settled) == (30, 30 * 40)
