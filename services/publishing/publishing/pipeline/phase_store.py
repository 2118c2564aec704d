"""The phases of runs in PostgreSQL: written by the worker, read by publishers."""

import json
from typing import Any

from chassis.clock import Clock
from chassis.database.jsonb import jsonb_text
from chassis.database.pool import Database
from chassis.database.transaction import Row, Transaction
from publishing.listings.rules import State
from publishing.pipeline.rules import Json, PhaseState, PhaseView, RunView

_BEGIN = """
UPDATE run_phases SET state = 'running', started_at = coalesce(started_at, $3), ended_at = NULL
WHERE run_id = $1 AND name = $2
"""
_END = "UPDATE run_phases SET state = $3, ended_at = $4, report = $5 WHERE run_id = $1 AND name = $2"
_UNDONE = "UPDATE run_phases SET state = 'undone', ended_at = $3 WHERE run_id = $1 AND name = $2 AND state = 'passed'"
_STOPPED = """
UPDATE run_phases SET state = 'failed', started_at = coalesce(started_at, $4), ended_at = coalesce(ended_at, $4),
    report = coalesce(report, $3)
WHERE run_id = $1 AND (name = $2 OR state = 'running')
"""
_RUN = """
SELECT v.version_id, v.listing_id, v.version, s.state, s.phase, s.code, s.message
FROM listing_versions v JOIN version_states s USING (version_id)
WHERE v.version_id = $1
"""
_PHASES = "SELECT name, state, started_at, ended_at, report FROM run_phases WHERE run_id = $1 ORDER BY position"


class PostgresPhaseLedger:
    """Written on the worker role's pool."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, run_id: str, phase: str) -> None:
        """The phase runs; its first start is kept."""
        await self._write(_BEGIN, run_id, phase, self._clock.now())

    async def end(self, run_id: str, phase: str, state: PhaseState, report: Json | None) -> None:
        """The phase ended."""
        await self._write(_END, run_id, phase, state, self._clock.now(), _text(report))

    async def undone(self, run_id: str, phase: str) -> None:
        """What had passed was taken back."""
        await self._write(_UNDONE, run_id, phase, self._clock.now())

    async def stopped(self, run_id: str, phase: str, report: Json) -> None:
        """The phase at which the run stopped failed, and so did whatever still ran."""
        await self._write(_STOPPED, run_id, phase, _text(report), self._clock.now())

    async def _write(self, statement: str, *arguments: Any) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(statement, *arguments)


class PostgresRunReads:
    """`own` is the runtime role's pool, which shows one tenant; `across` the worker role's, which shows all."""

    def __init__(self, own: Database, across: Database) -> None:
        self._own = own
        self._across = across

    async def run(self, tenant: str | None, run_id: str) -> RunView | None:
        """A run of that team; any team's where the tenant is None."""
        database = self._across if tenant is None else self._own
        async with database.transaction(tenant, read_only=True) as transaction:
            return await _read(transaction, run_id)


async def _read(transaction: Transaction, run_id: str) -> RunView | None:
    row = await transaction.fetch_one(_RUN, run_id)
    phases = [_phase_of(phase) for phase in await transaction.fetch(_PHASES, run_id)]
    if row is None or not phases:
        return None
    return RunView(
        run_id=run_id,
        listing_id=row["listing_id"],
        version=row["version"],
        version_state=State(row["state"]),
        phase=row["phase"],
        code=row["code"],
        message=row["message"],
        phases=phases,
    )


def _phase_of(row: Row) -> PhaseView:
    report = json.loads(row["report"]) if row["report"] else None
    return PhaseView(row["name"], PhaseState(row["state"]), row["started_at"], row["ended_at"], report)


def _text(report: Json | None) -> str | None:
    # Reports quote documents and endpoints, which may hold what jsonb does not.
    return jsonb_text(report) if report is not None else None
