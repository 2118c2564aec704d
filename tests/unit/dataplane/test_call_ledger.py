"""The books of a call in one process: what the disk has no room for is neither lost nor given back too early."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.call_door import START, a_key, a_route

from dataplane.admission import AdmissionState, Admitted, admit, asking
from dataplane.call_ledger import CallLedger, Ending, facts_of
from dataplane.call_records import Outcome
from dataplane.journal import open_journal
from dataplane.leases import LeaseGrant
from dataplane.records import LimitedScope
from dataplane.refusals import JournalUnavailable
from dataplane.usage import Usage

_KEY = a_key(scopes=(LimitedScope("tokens", "key", "tokens", 1000),))

_ASKED = asking(_KEY, a_route(), 0, 0)


def _ledger(folder: Path) -> CallLedger:
    state = AdmissionState()
    state.leases.grant([LeaseGrant("tokens", 100, 0)])
    return CallLedger(state, open_journal(folder, 1), lambda: None, lambda: "ret_1")


def _admitted(ledger: CallLedger, tokens: int) -> Admitted:
    decision = admit(ledger.state, asking(_KEY, a_route(), tokens, 0), START)
    assert isinstance(decision, Admitted)
    return decision


def test_what_a_call_left_is_not_lent_again_before_its_end_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = _ledger(tmp_path)
    lease = ledger.state.leases.leases["tokens"]
    admitted = _admitted(ledger, 60)
    facts = facts_of("call_1", START, _ASKED.terms, admitted)
    ledger.open(facts, admitted)
    monkeypatch.setattr(os, "write", lambda file, data: 0)
    ledger.settle(facts, admitted, Ending(Outcome.COMPLETED, 200, Usage(10), START))
    assert lease.available == 40
    ledger.catch_up()
    assert lease.available == 40
    other = _admitted(ledger, 30)
    with pytest.raises(JournalUnavailable):
        ledger.open(facts_of("call_2", START, _ASKED.terms, other), other)
    assert lease.available == 40
    monkeypatch.undo()
    ledger.catch_up()
    assert (lease.available, ledger.journal.unwritten) == (90, 0)


def test_the_next_call_finds_what_was_withheld(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = _ledger(tmp_path)
    first, second = _admitted(ledger, 60), _admitted(ledger, 40)
    ledger.open(facts_of("call_1", START, _ASKED.terms, first), first)
    monkeypatch.setattr(os, "write", lambda file, data: 0)
    ledger.release(facts_of("call_1", START, _ASKED.terms, first), first, 502, "upstream_unreachable")
    monkeypatch.undo()
    assert ledger.state.leases.leases["tokens"].available == 0
    ledger.open(facts_of("call_2", START, _ASKED.terms, second), second)
    assert ledger.state.leases.leases["tokens"].available == 60


def test_what_was_withheld_is_lent_again_however_the_disk_got_what_it_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, deeds = _ledger(tmp_path), list[Callable[[], None]]()
    ledger.journal = open_journal(tmp_path / "gathering", 1, gather=deeds.append)
    lease = ledger.state.leases.leases["tokens"]
    first, second = _admitted(ledger, 60), _admitted(ledger, 40)
    ledger.open(facts_of("call_1", START, _ASKED.terms, first), first)
    monkeypatch.setattr(os, "write", lambda file, data: 0)
    ledger.release(facts_of("call_1", START, _ASKED.terms, first), first, 502, "upstream_unreachable")
    ledger.journal.write_gathered()
    ledger.release(facts_of("call_2", START, _ASKED.terms, second), second, 502, "upstream_unreachable")
    assert (lease.available, ledger.journal.unwritten) == (60, 1)
    monkeypatch.undo()
    for deed in deeds:
        deed()
    assert (lease.available, ledger.journal.unwritten, ledger.is_behind) == (60, 0, True)
    ledger.catch_up()
    assert (lease.available, ledger.is_behind) == (100, False)
