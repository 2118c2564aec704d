"""Leases and recalls as consumption's stores keep them, statement by statement, each method one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from simulation.ledger_tables import HolderRow, KeptAnswer, LedgerTables

from consumption.budgets.errors import HolderSealed, RequestOutdated, ScopeNotFound
from consumption.budgets.ports import LeaseAnswer, Recalled
from consumption.budgets.postgres_notices import RECALLED, RETURNED
from consumption.budgets.recalls import (
    PATIENCE,
    GivenBack,
    HeldLease,
    RecallRound,
    after_grant,
    after_recall,
    after_return,
    is_awaited,
    to_recall,
    unanswered,
)
from consumption.budgets.rules import Balance, Grant, Month, Wish, grant_size, month_of, shorts_of


@dataclass
class LeaseModel:
    """What budgets/postgres_store and budgets/postgres_recall_store do."""

    tables: LedgerTables

    def acquire(
        self, holder: str, request_id: str, wishes: Sequence[Wish], now: datetime, recall: RecallRound | None
    ) -> LeaseAnswer:
        """All wishes or none; what a request was answered it is answered again."""
        tables = self.tables
        month = month_of(now)
        if any(wish.scope_id not in tables.limits for wish in wishes):
            raise ScopeNotFound("No such limit.")
        self._require_open(holder, request_id)
        rows = [tables.balance(wish.scope_id, month) for wish in sorted(wishes, key=lambda wish: wish.scope_id)]
        balances = [row.seen() for row in rows]
        kept = tables.answers.get((holder, request_id))
        if kept is not None:
            return self.answer_again(kept, self._in_month(kept, balances))
        wished = {wish.scope_id: wish for wish in wishes}
        grants = [Grant(balance, grant_size(balance, wished[balance.limit.scope_id], now)) for balance in balances]
        answer = self._answer(holder, grants, now, recall)
        if not answer.awaited:
            self.keep(holder, request_id, answer, month)
        tables.changes += 1
        return answer

    def forget_answers(self, holder: str, below: str) -> None:
        """The holder has the answers to all its requests with ids below."""
        row = self.tables.holders.get(holder)
        if row is not None and row.done_below < below:
            row.done_below = below
        answers = self.tables.answers
        for place in [place for place in answers if place[0] == holder and place[1] < below]:
            del answers[place]

    def waiting(self, holder: str) -> list[Recalled]:
        """The recalls that a holder has not answered."""
        found: list[Recalled] = []
        for place, held in self.tables.leases.items():
            lease = held.get(holder)
            if lease is not None and lease.recall > lease.answered:
                found.append(Recalled(place[0], self.tables.balances[place].month.end, lease.recall))
        return sorted(found, key=lambda recalled: recalled.number)

    def give_back(self, holder: str, return_id: str, given: Sequence[GivenBack]) -> None:
        """Take back what a holder holds no longer; once by the id, and nothing from a sealed holder."""
        tables = self.tables
        row = tables.holders.get(holder)
        if row is None or row.sealed or return_id in tables.returns:
            return
        tables.returns[return_id] = holder
        for one in sorted(given, key=lambda one: (one.scope_id, one.period_end)):
            balance = tables.by_end(one.scope_id, one.period_end)
            if balance is not None:
                balance.leased -= one.amount
                place = (one.scope_id, balance.month.start)
                lease = tables.leases.get(place, {}).get(holder)
                if lease is not None:
                    tables.write(place, after_return(lease, one))
            tables.notices.append((RETURNED, one.scope_id))
        tables.changes += 1
        tables.listener.gave_back(holder)

    def keep(self, holder: str, request_id: str, answer: LeaseAnswer, month: Month) -> None:
        """Remember an answer, for the time that its request comes again."""
        self.tables.answers[holder, request_id] = KeptAnswer(
            {grant.balance.limit.scope_id: grant.amount for grant in answer.granted},
            {grant.balance.limit.scope_id: grant.number for grant in answer.granted},
            tuple(balance.limit.scope_id for balance in answer.short),
            month.end,
        )

    def answer_again(self, kept: KeptAnswer, balances: Sequence[Balance]) -> LeaseAnswer:
        """The same answer as before, with those balances."""
        again = {balance.limit.scope_id: balance for balance in balances}
        return LeaseAnswer(
            tuple(
                Grant(again[scope_id], amount, kept.numbers[scope_id])
                for scope_id, amount in kept.granted.items()
                if scope_id in again
            ),
            tuple(balance for balance in balances if balance.limit.scope_id in kept.short),
        )

    def _in_month(self, kept: KeptAnswer, balances: Sequence[Balance]) -> Sequence[Balance]:
        """The balances of now in the month that an answer was given in."""
        rows = [self.tables.by_end(balance.limit.scope_id, kept.until) for balance in balances]
        return [row.seen() for row in rows if row is not None]

    def _require_open(self, holder: str, request_id: str) -> None:
        row = self.tables.holders.setdefault(holder, HolderRow())
        if row.sealed:
            raise HolderSealed("This process was given up: start again under a new name.")
        if request_id < row.done_below:
            raise RequestOutdated("The answer to this request has arrived already: ask under a new id.")

    def _answer(self, holder: str, grants: Sequence[Grant], now: datetime, recall: RecallRound | None) -> LeaseAnswer:
        short = shorts_of(grants)
        if not short:
            return LeaseAnswer(granted=tuple([self.give(holder, grant) for grant in grants]))
        if recall is None:
            return LeaseAnswer(short=tuple(short))
        return LeaseAnswer((), tuple(short), *self._recall(holder, short, recall, now))

    def give(self, holder: str, grant: Grant) -> Grant:
        """Move one amount to its holder."""
        place = (grant.balance.limit.scope_id, grant.balance.month.start)
        self.tables.balances[place].leased += grant.amount
        number = self.tables.next_number()
        held = self.tables.leases.get(place, {}).get(holder, HeldLease(holder, 0))
        self.tables.write(place, after_grant(held, grant.amount, number))
        return replace(grant, number=number)

    def _recall(
        self, holder: str, short: Sequence[Balance], recall: RecallRound, now: datetime
    ) -> tuple[int, bool, dict[str, int]]:
        tables = self.tables
        since = recall.since or tables.next_number()
        awaited, silent = False, dict[str, int]()
        for balance in short:
            place = (balance.limit.scope_id, balance.month.start)
            rows = sorted(tables.leases.get(place, {}).values(), key=lambda held: held.holder)
            others = [held for held in rows if held.holder != holder and held.amount > 0]
            for held in to_recall(others, since):
                tables.write(place, after_recall(held, tables.next_number(), now))
                tables.notices.append((RECALLED, held.holder))
            tables.balances[place].scarce_until = now + PATIENCE
            awaited = awaited or (not recall.over and is_awaited(others, since, now))
            silent[place[0]] = unanswered(others, since, now)
        return since, awaited, silent
