"""Consumption's side of the money path in memory: what PostgreSQL must do, said in the fewest words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fakes.memory_replies import MemoryReplies

from dataplane.call_records import EndRecord, Returned, Settled, Unknown, Unmade
from dataplane.journal_frames import read_ends
from dataplane.leases import LeaseGrant, LeaseWish, ScopeShort, lease_size
from dataplane.ports import LeaseAnswer
from dataplane.settlement import incarnation_of


@dataclass
class Account:
    """One scope in one period."""

    limit: int
    settled: int = 0
    unknown: int = 0
    overdraft: int = 0
    leased: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def free(self) -> int:
        return self.limit - (self.settled - self.overdraft) - self.unknown - sum(self.leased.values())


@dataclass
class SpendLedger:
    """LeaseSource and Settler at once; `usage` holds the rows by call id."""

    accounts: dict[str, Account]
    usage: dict[str, Settled | Unknown] = field(default_factory=dict[str, Settled | Unknown])
    sealed: set[str] = field(default_factory=set[str])
    answers: dict[str, LeaseAnswer] = field(default_factory=dict[str, LeaseAnswer])
    returns: set[str] = field(default_factory=set[str])
    acquired: int = 0
    replies: MemoryReplies = field(default_factory=MemoryReplies)

    async def acquire(
        self, holder: str, request_id: str, wishes: Sequence[LeaseWish], *, recall: bool = False, done_below: str = ""
    ) -> LeaseAnswer:
        return self.grant(holder, request_id, wishes)

    async def settle(self, holder: str, ends: Sequence[bytes]) -> None:
        self.commit(holder, read_ends(b"".join(ends), incarnation_of(holder)))

    async def seal(self, holder: str) -> None:
        self.give_up(holder)

    def grant(self, holder: str, request_id: str, wishes: Sequence[LeaseWish]) -> LeaseAnswer:
        self.acquired += 1
        if request_id in self.answers:
            return self.answers[request_id]
        short = tuple(
            ScopeShort(wish.scope_id, self.accounts[wish.scope_id].limit, self.accounts[wish.scope_id].free)
            for wish in wishes
            if holder in self.sealed or wish.needed > self.accounts[wish.scope_id].free
        )
        answer = LeaseAnswer(short=short) if short else LeaseAnswer(tuple(self._lease(holder, w) for w in wishes))
        self.answers[request_id] = answer
        return answer

    def commit(self, holder: str, records: Iterable[EndRecord]) -> None:
        for record in records:
            self.replies.end(record)
            if isinstance(record, Returned):
                self._take_back(holder, record)
            elif not isinstance(record, Unmade) and record.facts.call_id not in self.usage:
                self.usage[record.facts.call_id] = record
                self._charge(holder, record)

    def give_up(self, holder: str) -> None:
        self.sealed.add(holder)
        for account in self.accounts.values():
            account.leased.pop(holder, None)

    def check(self) -> None:
        """Invariant 1, with the recorded overdraft as the only way past a limit."""
        for scope_id, account in self.accounts.items():
            assert account.free >= 0, f"{scope_id} holds more than its limit: {account}"
            assert all(amount >= 0 for amount in account.leased.values()), f"{scope_id} has a negative lease: {account}"

    def _lease(self, holder: str, wish: LeaseWish) -> LeaseGrant:
        account = self.accounts[wish.scope_id]
        amount = lease_size(account.free, wish.needed, wish.wanted)
        account.leased[holder] = account.leased.get(holder, 0) + amount
        return LeaseGrant(wish.scope_id, amount, account.free)

    def _charge(self, holder: str, record: Settled | Unknown) -> None:
        for index, held in enumerate(record.facts.reservations):
            account = self.accounts[held.scope_id]
            used = held.amount if isinstance(record, Unknown) else record.spent[index]
            account.leased[holder] = account.leased.get(holder, 0) - min(used, held.amount)
            if isinstance(record, Unknown):
                account.unknown += used
            else:
                account.settled += used
                account.overdraft += max(0, used - held.amount)

    def _take_back(self, holder: str, record: Returned) -> None:
        if record.return_id in self.returns or holder in self.sealed:
            return
        self.returns.add(record.return_id)
        for amount in record.amounts:
            self.accounts[amount.scope_id].leased[holder] -= amount.amount
