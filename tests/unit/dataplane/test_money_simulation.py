"""The money path under faults: no limit passed, no settled call lost or doubled, every failure replays by its seed."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from fakes.money_simulation import Simulation
from fakes.spend_ledger import SpendLedger

from dataplane import call_ledger
from dataplane.call_records import Settled, unspent
from dataplane.journal_reader import SealedJournal
from dataplane.leases import Lease, LeaseBook, LeaseGrant, Reservation

_SEEDS = 200
_STEPS = 300


def _run(seeds: Iterable[int], folder: Path, steps: int = _STEPS) -> list[Simulation]:
    done: list[Simulation] = []
    for seed in seeds:
        simulation = Simulation(seed, folder / str(seed))
        simulation.run(steps)
        done.append(simulation)
    return done


@pytest.mark.parametrize("part", range(4))
def test_no_seed_breaks_an_invariant(tmp_path: Path, part: int) -> None:
    done = _run(range(part, _SEEDS, 4), tmp_path)
    assert sum(len(simulation.spend.usage) for simulation in done) > 500
    assert any(simulation.in_flight_at_crash for simulation in done)
    assert any(row.overdraft for s in done for row in s.spend.usage.values() if isinstance(row, Settled))


def test_a_seed_replays_to_the_same_end(tmp_path: Path) -> None:
    first, again = _run([11], tmp_path / "a"), _run([11], tmp_path / "b")
    assert first[0].spend == again[0].spend


def _all_back(settled: Settled) -> list[Reservation]:
    return list(settled.facts.reservations)


def _nothing_unknown(sealed: SealedJournal) -> tuple[()]:
    return ()


def _covers_whatever_is_held(book: LeaseBook, reservation: Reservation, now: int) -> bool:
    return reservation.scope_id in book.leases


def _granted_twice(book: LeaseBook, grants: Iterable[LeaseGrant]) -> list[Reservation]:
    for grant in grants:
        lease = book.leases.setdefault(grant.scope_id, Lease())
        lease.available += 2 * grant.amount
    return []


def _settled_twice(ledger: SpendLedger, holder: str, records: Iterable[object]) -> None:
    for record in records:
        if isinstance(record, Settled):
            ledger.usage[record.facts.call_id] = record
            ledger._charge(holder, record)


@pytest.mark.parametrize(
    ("where", "name", "bug"),
    [
        (call_ledger, "unspent", _all_back),
        (SealedJournal, "unknown", _nothing_unknown),
        (LeaseBook, "_covers", _covers_whatever_is_held),
        (LeaseBook, "grant", _granted_twice),
        (SpendLedger, "commit", _settled_twice),
    ],
)
def test_a_planted_bug_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: object, name: str, bug: Callable[..., object]
) -> None:
    assert unspent is not _all_back
    monkeypatch.setattr(where, name, bug)
    with pytest.raises((AssertionError, KeyError)):
        _run(range(30), tmp_path)
