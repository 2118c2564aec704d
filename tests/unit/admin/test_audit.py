"""The chain of the trail: what binds its rows, and what shows that somebody touched it."""

from dataclasses import replace

import pytest
from fakes.admin import NOON, FakeWork

from admin.audit.actions import ListAuditRows, VerifyTrail
from admin.audit.ports import AuditFilter
from admin.audit.rules import AuditRow, Entry, Stamp, Tail, chained, first_broken


def chain(length: int) -> list[AuditRow]:
    """So many rows."""
    rows, tail = list[AuditRow](), Tail()
    for number in range(length):
        row = chained(
            tail, Entry("acc_a", "thing.done", "thing", f"t{number}"), Stamp(f"aud_{number}", NOON, "platform")
        )
        rows.append(row)
        tail = Tail(row.position, row.hash)
    return rows


def test_an_untouched_chain_holds_to_its_end() -> None:
    rows = chain(5)
    assert first_broken(rows, Tail()) == (Tail(5, rows[-1].hash), None)
    assert first_broken(rows[2:], Tail(2, rows[1].hash))[1] is None


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "acc_b"},
        {"action": "thing.undone"},
        {"subject_id": "other"},
        {"details": '{"x":1}'},
        {"team_id": "tea_1"},
        {"reach": "team"},
        {"happened_at": NOON.replace(year=2020)},
        {"row_id": "aud_x"},
    ],
)
def test_a_change_of_any_field_is_found_where_it_is(change: dict[str, object]) -> None:
    rows = chain(5)
    rows[2] = replace(rows[2], **change)  # pyright: ignore[reportArgumentType]
    assert first_broken(rows, Tail())[1] == 3


def test_removed_and_reordered_rows_are_found() -> None:
    rows = chain(5)
    assert first_broken([*rows[:1], *rows[2:]], Tail())[1] == 2
    assert first_broken([rows[0], rows[2], rows[1], *rows[3:]], Tail())[1] == 2


async def test_a_cut_tail_is_found_by_an_anchor_alone() -> None:
    work = FakeWork()
    work.rows.trail = chain(5)
    head = Tail(5, work.rows.trail[-1].hash)
    assert (await VerifyTrail(work)(head)).holds
    work.rows.trail = work.rows.trail[:3]
    assert (await VerifyTrail(work)()).holds
    verdict = await VerifyTrail(work)(head)
    assert (verdict.holds, verdict.anchor_found, verdict.rows) == (False, False, 3)


async def test_the_trail_is_read_newest_first() -> None:
    work = FakeWork()
    work.rows.trail = chain(3)
    assert [row.position for row in await ListAuditRows(work)(AuditFilter(), 2)] == [3, 2]
    assert await ListAuditRows(work)(AuditFilter(actor="acc_z"), 2) == []
