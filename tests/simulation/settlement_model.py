"""Settlement as consumption's store keeps it, statement by statement, each method one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulation.ledger_tables import HolderRow, LedgerTables

from consumption.settlement.rules import EndedCall, LeaseReturn, Movements, after_seal, movements_of


@dataclass
class SettlementModel:
    """What settlement/postgres_store does."""

    tables: LedgerTables

    def commit(self, holder: str, calls: Sequence[EndedCall], returns: Sequence[LeaseReturn]) -> int:
        """Keep what was not seen before; how many calls were new."""
        tables = self.tables
        fresh = self.fresh(calls)
        sealed = self._is_sealed(holder)
        fresh_returns = [] if sealed else self._fresh_returns(holder, returns)
        movements = self.movements(fresh, fresh_returns)
        for call in fresh:
            tables.usage[call.usage.call_id] = call
        tables.listener.counted(holder, fresh, sealed=sealed)
        for returned in fresh_returns:
            tables.listener.returned(holder, returned.return_id)
        self._move(holder, after_seal(movements) if sealed else movements)
        tables.changes += 1
        return len(fresh)

    def seal(self, holder: str) -> None:
        """Give back all that a holder still leases; it never gets a lease again."""
        tables = self.tables
        tables.holders.setdefault(holder, HolderRow()).sealed = True
        for place, held in tables.leases.items():
            lease = held.pop(holder, None)
            if lease is not None:
                tables.balances[place].leased -= lease.amount
        for key in [key for key in tables.answers if key[0] == holder]:
            del tables.answers[key]
        for return_id in [name for name, of in tables.returns.items() if of == holder]:
            del tables.returns[return_id]
        tables.changes += 1
        tables.listener.sealed(holder)

    def fresh(self, calls: Sequence[EndedCall]) -> list[EndedCall]:
        """The calls that have no row yet, each once."""
        by_id = {call.usage.call_id: call for call in calls}
        return [call for call_id, call in by_id.items() if call_id not in self.tables.usage]

    def movements(self, calls: Sequence[EndedCall], returns: Sequence[LeaseReturn]) -> Movements:
        """What moves in the balances."""
        return movements_of(calls, returns)

    def _is_sealed(self, holder: str) -> bool:
        row = self.tables.holders.get(holder)
        return row is not None and row.sealed

    def _fresh_returns(self, holder: str, returns: Sequence[LeaseReturn]) -> list[LeaseReturn]:
        by_id = {returned.return_id: returned for returned in returns}
        fresh = [returned for return_id, returned in by_id.items() if return_id not in self.tables.returns]
        self.tables.returns.update((returned.return_id, holder) for returned in fresh)
        return fresh

    def _move(self, holder: str, movements: Movements) -> None:
        for (scope_id, period_end), movement in sorted(movements.items(), key=lambda item: item[0]):
            row = self.tables.by_end(scope_id, period_end)
            if row is None:
                continue
            row.leased -= movement.from_lease
            row.settled += movement.settled
            row.unknown += movement.unknown
            row.overdraft += movement.overdraft
            self.tables.lease_less(holder, (scope_id, row.month.start), movement.from_lease)
