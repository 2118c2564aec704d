"""The simulator's model of the ledger does what PostgreSQL does: the same deeds on both, the same answers and rows."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
from fixtures.marketplace_database import ProvisionedServer
from simulation.lease_model import LeaseModel
from simulation.ledger_tables import LedgerTables
from simulation.settlement_model import SettlementModel
from simulation.violation import Verdict

from chassis.database.pool import Database
from chassis.errors import MarketplaceError
from chassis.event_log.postgres_log import PostgresEventLog
from consumption.budgets.ports import LeaseAnswer
from consumption.budgets.postgres_recall_store import PostgresRecallStore
from consumption.budgets.postgres_store import PostgresLeaseStore
from consumption.budgets.recalls import GivenBack, RecallRound
from consumption.budgets.rules import Limit, Wish, month_of
from consumption.settlement.postgres_store import PostgresSettlementStore
from consumption.settlement.rules import Charge, EndedCall, LeaseReturn, UsageRow

_NOW = datetime(2031, 5, 31, 23, 59, 50, tzinfo=UTC)
_DEEDS = 60
_names = count(1)
# What a holder gives back, by scope and end of month.
_Idle = dict[tuple[str, datetime], int]


class _Nobody:
    """Listens to the model and says nothing."""

    def counted(self, holder: str, calls: list[EndedCall], *, sealed: bool) -> None: ...
    def returned(self, holder: str, return_id: str) -> None: ...
    def gave_back(self, holder: str) -> None: ...
    def sealed(self, holder: str) -> None: ...


class _Model:
    """The model behind the stores' own interface."""

    def __init__(self, limits: dict[str, Limit]) -> None:
        self.tables = LedgerTables(limits, _Nobody(), Verdict())
        self._leases, self._settlement = LeaseModel(self.tables), SettlementModel(self.tables)

    async def acquire(self, *arguments: Any) -> LeaseAnswer:
        return self._leases.acquire(*arguments)

    async def forget_answers(self, *arguments: Any) -> None:
        self._leases.forget_answers(*arguments)

    async def waiting(self, holder: str) -> Any:
        return self._leases.waiting(holder)

    async def give_back(self, *arguments: Any) -> None:
        self._leases.give_back(*arguments)

    async def commit(self, holder: str, calls: Any, returns: Any, now: datetime) -> int:
        return self._settlement.commit(holder, calls, returns)

    async def seal(self, holder: str, now: datetime) -> None:
        self._settlement.seal(holder)


@dataclass
class _Side:
    """One of the two, with the numbers that it gave out: they differ, what they mean does not."""

    leases: Any
    recalls: Any
    settlement: Any
    rounds: dict[str, int] = field(default_factory=dict[str, int])
    newest: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    async def acquire(self, holder: str, request: str, wishes: list[Wish], now: datetime, round_: Any) -> object:
        recall = None if round_ is None else replace(round_, since=self.rounds.get(request, 0))
        try:
            answer: LeaseAnswer = await self.leases.acquire(holder, request, wishes, now, recall)
        except MarketplaceError as error:
            return error.code
        self.rounds[request] = answer.since
        for grant in answer.granted:
            self.newest[holder, grant.balance.limit.scope_id] = grant.number
        granted = sorted((g.balance.limit.scope_id, g.amount, g.balance.month.end) for g in answer.granted)
        short = [(balance.limit.scope_id, balance.free) for balance in answer.short]
        return granted, short, answer.awaited, answer.unanswered

    async def answer_recalls(self, holder: str, return_id: str, idle: _Idle, outdated: bool) -> object:
        waiting = await self.recalls.waiting(holder)
        given = [
            GivenBack(
                *(one.scope_id, one.period_end, idle.get((one.scope_id, one.period_end), 0), one.number),
                0 if outdated else self.newest.get((holder, one.scope_id), 0),
            )
            for one in waiting
        ]
        if given:
            await self.recalls.give_back(holder, return_id, given)
        return [(one.scope_id, one.amount, one.period_end) for one in given]


@dataclass
class _Both:
    """PostgreSQL and the model, side by side, with dice."""

    prefix: str
    scopes: list[str]
    worker: Database
    real: _Side
    model: _Side
    tables: LedgerTables
    dice: Random
    now: datetime = _NOW
    calls: list[tuple[str, EndedCall]] = field(default_factory=list[tuple[str, EndedCall]])

    def holder(self) -> str:
        return f"{self.prefix}/h{self.dice.randrange(3)}"

    def leased(self, holder: str) -> dict[str, int]:
        """What the model says that a holder has in this month."""
        start = month_of(self.now).start
        held = {scope: self.tables.leases.get((scope, start), {}).get(holder) for scope in self.scopes}
        return {scope: lease.amount for scope, lease in held.items() if lease is not None}

    async def rows(self) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        async with self.worker.transaction() as transaction:
            found = await transaction.fetch(
                "SELECT b.scope_id, b.period_end, settled, leased, unknown, overdraft, scarce_until, l.holder,"
                " l.amount, l.recall > l.answered AS waits, l.recalled_at FROM balances b LEFT JOIN leases l"
                " USING (scope_id, period_start) WHERE b.scope_id = ANY($1) ORDER BY 1, 2, l.holder",
                self.scopes,
            )
        modelled = sorted(self._model_rows(), key=lambda row: (*row[:2], row[7]))
        return [tuple(row.values()) for row in found], modelled

    def _model_rows(self) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for place, b in self.tables.balances.items():
            sums = (place[0], b.month.end, b.settled, b.leased, b.unknown, b.overdraft, b.scarce_until)
            held = self.tables.leases.get(place, {}).values()
            rows += [(*sums, h.holder, h.amount, h.recall > h.answered, h.recalled_at) for h in held]
            rows += [] if held else [(*sums, None, None, None, None)]
        return rows


@pytest.fixture
async def both(marketplace_database: ProvisionedServer, request: pytest.FixtureRequest) -> AsyncIterator[_Both]:
    async with AsyncExitStack() as stack:
        url = marketplace_database.url("consumption_worker")
        worker = await stack.enter_async_context(Database.open(url, name="model"))
        prefix = f"model_{next(_names)}_{request.param}"
        named = {f"{prefix}:small": 90, f"{prefix}:wide": 400}
        limits = {scope: Limit(scope, "key", prefix, "tokens", amount) for scope, amount in named.items()}
        async with worker.transaction() as transaction:
            for limit in limits.values():
                await transaction.execute(
                    "INSERT INTO limits (scope_id, team_id, kind, subject_id, unit, amount)"
                    " VALUES ($1, 'tea_red', 'key', $1, 'tokens', $2)",
                    *(limit.scope_id, limit.amount),
                )
        model = _Model(limits)
        settlement = PostgresSettlementStore(worker, PostgresEventLog(worker))
        real = _Side(PostgresLeaseStore(worker), PostgresRecallStore(worker), settlement)
        yield _Both(
            *(prefix, list(limits), worker, real, _Side(model, model, model), model.tables, Random(request.param))
        )


async def _ask(both: _Both, number: int) -> tuple[object, object]:
    dice = both.dice
    wishes = [Wish(scope, need := dice.randint(1, 40), need * dice.choice((1, 8))) for scope in both.scopes]
    request = f"{dice.choice((number, max(0, number - 3))):04d}"
    round_ = dice.choice((None, RecallRound(), RecallRound(over=True)))
    asked = (both.holder(), request, dice.choice((wishes, wishes[:1], wishes[1:])), both.now, round_)
    return await both.real.acquire(*asked), await both.model.acquire(*asked)


async def _answer(both: _Both, number: int) -> tuple[object, object]:
    holder, outdated = both.holder(), both.dice.random() < 0.3
    end = month_of(both.now).end
    idle = {(scope, end): both.dice.randint(0, amount) for scope, amount in both.leased(holder).items()}
    deed = (holder, f"{both.prefix}/r{number}", idle, outdated)
    return await both.real.answer_recalls(*deed), await both.model.answer_recalls(*deed)


async def _settle(both: _Both, number: int) -> tuple[object, object]:
    dice, holder = both.dice, both.holder()
    end = month_of(both.now).end
    charges = [
        Charge(scope, held := dice.randint(0, amount), dice.choice((held, held // 2, held + 5)), end)
        for scope, amount in both.leased(holder).items()
    ]
    outcome = dice.choice(("completed", "unknown"))
    fresh = EndedCall(_usage(f"{both.prefix}/c{number}", both.now, outcome), tuple(charges))
    repeated = [call for of, call in both.calls if of == holder][:1]
    both.calls.append((holder, fresh))
    deed = (holder, [fresh, *repeated, fresh], [], both.now)
    return await both.real.settlement.commit(*deed), await both.model.settlement.commit(*deed)


async def _return(both: _Both, number: int) -> tuple[object, object]:
    holder = both.holder()
    amounts = tuple((scope, month_of(both.now).end, amount // 3) for scope, amount in both.leased(holder).items())
    deed = (holder, [], [LeaseReturn(f"{both.prefix}/j{number // 4}", amounts)], both.now)
    return await both.real.settlement.commit(*deed), await both.model.settlement.commit(*deed)


async def _forget(both: _Both, number: int) -> tuple[object, object]:
    deed = (both.holder(), f"{max(0, number - 8):04d}")
    return await both.real.leases.forget_answers(*deed), await both.model.leases.forget_answers(*deed)


async def _seal(both: _Both, number: int) -> tuple[object, object]:
    deed = (both.holder(), both.now)
    return await both.real.settlement.seal(*deed), await both.model.settlement.seal(*deed)


@pytest.mark.campaign
@pytest.mark.parametrize("both", [1, 2, 3], indirect=True)
async def test_the_same_deeds_lead_to_the_same_answers_and_rows(both: _Both) -> None:
    deeds = [_ask, _answer, _settle, _return, _forget, _seal]
    kinds: set[str] = set()
    for number in range(_DEEDS):
        deed = both.dice.choices(deeds, (40, 25, 15, 8, 4, 1))[0]
        real, model = await deed(both, number)
        assert real == model, f"deed {number}: {deed.__name__}"
        kinds.add(f"{deed.__name__} {isinstance(real, str)}")
        rows, modelled = await both.rows()
        assert rows == modelled, f"deed {number}: {deed.__name__}"
        both.now += timedelta(seconds=both.dice.choice((0, 0, 0.2, 1.1)))
    assert {"_ask False", "_answer False", "_settle False"} <= kinds
    assert both.now.month == 6


def _usage(call_id: str, now: datetime, outcome: str) -> UsageRow:
    return UsageRow(
        *(call_id, now, "tea_red", "acc_1", "key_1", "lst_1", "ver_1", "red/chat", "1.0.0", "demo", "demo-chat"),
        *(1, 0, 0, 2, "prc_1", outcome, False, False, 200, 1000, None),
    )
