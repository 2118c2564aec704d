"""Several processes on the money path under a seed: crashes, lost messages, pauses and skewed clocks, always checked.

The admission, the leases, the journal and the replay are the real ones; consumption is `SpendLedger`.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fakes.call_door import START, a_key, a_route
from fakes.spend_ledger import Account, SpendLedger

from dataplane.admission import AdmissionState, Admitted, CallRequest, NeedsLease, admit
from dataplane.call_ledger import CallLedger, Ending, facts_of
from dataplane.call_records import CallFacts, EndRecord, Outcome, Settled, Unknown
from dataplane.journal import open_journal
from dataplane.journal_reader import JournalReader, SealedJournal, seal_the_dead
from dataplane.leases import LeaseWish, Reservation
from dataplane.records import KeyRecord, LimitedScope
from dataplane.settlement import holder_name
from dataplane.usage import Usage

SCOPES = ("platform-money", "team-tokens", "team-money", "key-tokens")


@dataclass
class Running:
    """A call under way in a process."""

    facts: CallFacts
    admitted: Admitted
    opened: bool = False


@dataclass
class Process:
    """One life of a data plane process."""

    incarnation: int
    ledger: CallLedger
    reader: JournalReader
    skew: int
    paused_until: int = 0
    calls: list[Running] = field(default_factory=list[Running])
    unanswered: dict[tuple[LeaseWish, ...], str] = field(default_factory=dict[tuple[LeaseWish, ...], str])

    @property
    def holder(self) -> str:
        return holder_name(self.incarnation)


@dataclass
class Simulation:
    """Runs under one seed; `vendor` is the truth about what was used, by call."""

    seed: int
    folder: Path
    processes_at_once: int = 3
    dice: random.Random = field(init=False)
    spend: SpendLedger = field(init=False)
    key: KeyRecord = field(init=False)
    processes: list[Process] = field(default_factory=list[Process])
    dead: list[SealedJournal] = field(default_factory=list[SealedJournal])
    vendor: dict[str, Usage] = field(default_factory=dict[str, Usage])
    sent: set[str] = field(default_factory=set[str])
    ended: set[str] = field(default_factory=set[str])
    in_flight_at_crash: set[str] = field(default_factory=set[str])
    step: int = 0
    lives: int = 0
    numbers: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        limits = [
            self.dice.choice([2_000, 20_000, 200_000]) * (1 if scope.endswith("tokens") else 1_000) for scope in SCOPES
        ]
        self.spend = SpendLedger({scope: Account(limit) for scope, limit in zip(SCOPES, limits, strict=True)})
        units = [scope.rpartition("-") for scope in SCOPES]
        self.key = a_key(
            scopes=tuple(
                LimitedScope(scope, kind, "tokens" if unit == "tokens" else "nanodollars", limit)  # type: ignore[arg-type]
                for scope, (kind, _, unit), limit in zip(SCOPES, units, limits, strict=True)
            )
        )
        self._fill_up()

    def run(self, steps: int) -> None:
        """Random steps, then peace: everything is settled and every process sealed."""
        for _ in range(steps):
            self.step += 1
            self._step()
            self.spend.check()
        for process in self.processes:
            self._crash(process)
        self.processes = []
        while self._take_over(loss=0.0):
            self.spend.check()
        self.check_the_end()

    def check_the_end(self) -> None:
        """Invariants 3, 4 and 5 once all is told."""
        assert set(self.spend.usage) == self.sent
        for call_id, row in self.spend.usage.items():
            if isinstance(row, Settled):
                assert row.usage == self.vendor[call_id]
            else:
                assert call_id in self.in_flight_at_crash
        for index, (scope, account) in enumerate(self.spend.accounts.items()):
            assert account.leased == {}, f"{scope} is still leased: {account}"
            rows = self.spend.usage.values()
            assert account.settled == sum(row.spent[index] for row in rows if isinstance(row, Settled))
            assert account.unknown == sum(
                row.facts.reservations[index].amount for row in rows if isinstance(row, Unknown)
            )

    def _step(self) -> None:
        awake = [process for process in self.processes if process.paused_until <= self.step]
        if not awake:
            return
        process = self.dice.choice(awake)
        action = self.dice.choices(
            [self._begin, self._open, self._end, self._send, self._crash_one, self._pause, self._replay],
            [30, 30, 30, 12, 2, 3, 6],
        )[0]
        action(process)

    def _begin(self, process: Process) -> None:
        prompt, completion = self.dice.randint(1, 200), self.dice.choice([1, 10, 300])
        now = START + self.step * 1_000_000 + process.skew
        route = a_route(price=a_route().price)
        decision = admit(process.ledger.state, CallRequest(self.key, route, prompt, completion), now)
        if isinstance(decision, NeedsLease):
            self._refill(process, decision.wishes)
        elif isinstance(decision, Admitted):
            facts = facts_of(f"call_{self._number()}", now, self.key, route, decision)
            process.calls.append(Running(facts, decision))

    def _open(self, process: Process) -> None:
        waiting = [call for call in process.calls if not call.opened]
        if not waiting:
            return
        call = self.dice.choice(waiting)
        process.ledger.open(call.facts, call.admitted)
        call.opened = True
        self.sent.add(call.facts.call_id)

    def _end(self, process: Process) -> None:
        if not process.calls:
            return
        call = process.calls.pop(self.dice.randrange(len(process.calls)))
        if not call.opened:
            process.ledger.forget(call.facts, call.admitted)
        elif self.dice.random() < 0.1:
            self.sent.discard(call.facts.call_id)
            process.ledger.release(call.facts, call.admitted, 502, "upstream_unreachable")
        else:
            most = call.admitted.tokens * (3 if self.dice.random() < 0.02 else 1)
            used = self.dice.randint(0, most)
            usage = Usage(used // 2, used - used // 2, estimated=self.dice.random() < 0.1)
            usage = usage if used > call.admitted.tokens else self._within(call, usage)
            self.vendor[call.facts.call_id] = usage
            process.ledger.settle(call.facts, call.admitted, Ending(Outcome.COMPLETED, 200, usage, 0))

    @staticmethod
    def _within(call: Running, usage: Usage) -> Usage:
        """Keep what was used below the worst case in money too: all of it as prompt, the cheaper part."""
        return Usage(usage.total_tokens, 0, estimated=usage.estimated)

    def _refill(self, process: Process, wishes: tuple[LeaseWish, ...]) -> None:
        request_id = process.unanswered.setdefault(wishes, f"req_{self._number()}")
        if self.dice.random() < 0.1:
            return
        answer = self.spend.grant(process.holder, request_id, wishes)
        if self.dice.random() < 0.1:
            return
        del process.unanswered[wishes]
        process.ledger.state.leases.grant(answer.granted)
        if self.dice.random() < 0.1:
            idle = [scope for scope in SCOPES if process.ledger.state.leases.left(scope) is not None]
            self._give_up(process, self.dice.choice(idle)) if idle else None

    def _give_up(self, process: Process, scope: str) -> None:
        amount = process.ledger.state.leases.take_idle(scope)
        if amount:
            held = [held for held in self.key.scopes if held.scope_id == scope]
            process.ledger.give_up([*_as_reservations(held, amount)])

    def _send(self, process: Process) -> None:
        self._deliver(process.reader, process.holder, loss=0.2)

    def _deliver(self, reader: JournalReader, holder: str, loss: float) -> bool:
        """One batch: the request may be lost, or its acknowledgement. Tells whether anything was there to send."""
        batch = reader.batch(reader.position(), self.dice.randint(1, 8))
        if not batch.read:
            return False
        if self.dice.random() >= loss:
            self.spend.commit(holder, batch.records)
            if self.dice.random() >= loss:
                reader.move_to(batch.after)
        return True

    def _pause(self, process: Process) -> None:
        process.paused_until = self.step + self.dice.randint(1, 60)

    def _crash_one(self, process: Process) -> None:
        self._crash(process)
        self.processes.remove(process)
        self._fill_up()

    def _crash(self, process: Process) -> None:
        process.ledger.journal.close()
        self.in_flight_at_crash |= {call.facts.call_id for call in process.calls if call.opened}

    def _replay(self, process: Process) -> None:
        del process
        self._take_over(loss=0.2)

    def _take_over(self, loss: float) -> bool:
        """One step of a successor: a batch, the unknown calls, the seal; it may die before each and begin again."""
        self.dead += seal_the_dead(self.folder)
        if not self.dead:
            return False
        sealed = self.dead[0]
        holder = holder_name(sealed.incarnation)
        if self.dice.random() < loss:
            sealed.let_go()
            self.dead.pop(0)
        elif not self._deliver(sealed.reader, holder, loss):
            unknown: Sequence[EndRecord] = sealed.unknown()
            self.spend.commit(holder, unknown)
            if self.dice.random() >= loss:
                self.spend.give_up(holder)
                sealed.delete()
                self.dead.pop(0)
        return True

    def _fill_up(self) -> None:
        while len(self.processes) < self.processes_at_once:
            self.lives += 1
            journal = open_journal(self.folder, self.lives, segment_bytes=self.dice.choice([1500, 1 << 20]))
            ledger = CallLedger(AdmissionState(), journal, lambda: None, lambda: f"ret_{self._number()}")
            reader = JournalReader(journal.folder, self.lives)
            skew = self.dice.choice([0, 3_600_000_000, -86_400_000_000])
            self.processes.append(Process(self.lives, ledger, reader, skew))

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers


def _as_reservations(scopes: Sequence[LimitedScope], amount: int) -> list[Reservation]:
    return [Reservation(scope.scope_id, amount, scope.unit) for scope in scopes]
