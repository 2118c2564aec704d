"""Opens units of work on PostgreSQL: the stores, the facts and the trail of one transaction."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from admin.accounts.postgres_store import PostgresAccounts
from admin.analytics.postgres_store import PostgresFigures
from admin.approvals.postgres_store import PostgresApprovals
from admin.audit.postgres_store import PostgresTrail
from admin.epochs.postgres_store import PostgresEpochs
from admin.facts_store import LoggedFacts
from admin.policies.postgres_store import PostgresPolicies
from admin.sessions.attempts_store import PostgresAttempts
from admin.sessions.postgres_store import PostgresSessions
from admin.teams.postgres_store import PostgresTeams
from admin.work import OpenWork, Work
from chassis.clock import Clock
from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log.port import EventLog
from chassis.identity.issuer_client import AccountEpochs
from chassis.ids import new_id


@dataclass(frozen=True)
class PostgresWork:
    """Opens work; with a tenant on the runtime role, which sees that team alone, else on the worker role."""

    team_database: Database
    platform_database: Database
    log: EventLog
    epochs: AccountEpochs
    clock: Clock

    @asynccontextmanager
    async def __call__(self, tenant: str | None = None) -> AsyncGenerator[Work]:
        """The stores of one transaction; facts and audit rows are written last, in an order all keep."""
        now = self.clock.now()
        database = self.platform_database if tenant is None else self.team_database
        reach = "platform" if tenant is None else "team"
        async with database.transaction(tenant) as transaction, self._work(transaction, now, reach) as work:
            yield work

    def joined(self, transaction: Transaction) -> OpenWork:
        """Opens work inside a transaction of the worker role that somebody else commits."""

        def opened(tenant: str | None = None) -> AbstractAsyncContextManager[Work]:
            del tenant  # the worker role sees all of them
            return self._work(transaction, self.clock.now(), "platform")

        return opened

    @asynccontextmanager
    async def _work(self, transaction: Transaction, now: datetime, reach: str) -> AsyncGenerator[Work]:
        trail = PostgresTrail(transaction, now, new_id("aud", now), reach)
        facts = LoggedFacts(transaction, now, self.log, self.epochs)
        yield Work(
            now=now,
            new_id=lambda prefix: new_id(prefix, now),
            accounts=PostgresAccounts(transaction),
            epochs=PostgresEpochs(transaction, now),
            teams=PostgresTeams(transaction, now),
            sessions=PostgresSessions(transaction, now),
            attempts=PostgresAttempts(transaction, now),
            approvals=PostgresApprovals(transaction),
            figures=PostgresFigures(transaction),
            policies=PostgresPolicies(transaction),
            trail=trail,
            facts=facts,
        )
        await facts.write()
        await trail.write()
