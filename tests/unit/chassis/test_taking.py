"""Taking: what will pass by itself stops a group, what will not is tried some times and then set aside."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import asyncpg
import pytest

from chassis.database.errors import DatabaseUnavailable, StatementRefused, WriteConflict
from chassis.database.transaction import Transaction
from chassis.durable_runs.errors import RunIdTaken
from chassis.errors import ErrorKind, MarketplaceError
from chassis.event_log.port import Consumer, EventFailed, RecordedEvent
from chassis.event_log.taking import Taking
from chassis.rpc.channel import RemoteError

EVENT = RecordedEvent("evt_1", "topic", "key", "Happened", "tests", datetime(2026, 11, 30, tzinfo=UTC), b"", 1)


class Statements:
    """A transaction that notes what is executed."""

    def __init__(self) -> None:
        self.executed: list[str] = []

    @asynccontextmanager
    async def savepoint(self) -> AsyncGenerator[None]:
        yield

    async def execute(self, statement: str, *_: Any) -> str:
        self.executed.append(statement)
        return "SELECT 1"


class Group:
    """A group whose handler fails with one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self._taking = Taking()
        self.statements = Statements()
        self._consumer = Consumer("tests.group", "topic", {"Happened": self._fail}, tries=3)

    async def take(self) -> EventFailed | None:
        return await self._taking.take(cast("Transaction", self.statements), self._consumer, EVENT, set())

    async def _fail(self, _: Transaction, __: RecordedEvent) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (asyncpg.DiskFullError("no space left"), DatabaseUnavailable),
        (asyncpg.TooManyConnectionsError("too many clients"), DatabaseUnavailable),
        (asyncpg.DeadlockDetectedError("deadlock"), WriteConflict),
        (asyncpg.LockNotAvailableError("lock timeout"), WriteConflict),
        (asyncpg.UndefinedColumnError("column does not exist"), StatementRefused),
        (asyncpg.UndefinedTableError("relation does not exist"), StatementRefused),
        (RemoteError("write_conflict", ErrorKind.CONFLICT, "Send it again."), RemoteError),
        (RemoteError("too_many_asked", ErrorKind.LIMITED, "Ask later."), RemoteError),
    ],
)
async def test_what_passes_by_itself_is_waited_for_and_never_set_aside(
    error: Exception, ours: type[MarketplaceError]
) -> None:
    group = Group(error)
    for _ in range(10):
        with pytest.raises(ours):
            await group.take()
    assert group.statements.executed == []


@pytest.mark.parametrize(
    "error",
    [
        ValueError("poison"),
        asyncpg.UniqueViolationError("duplicate key"),
        asyncpg.CheckViolationError("check"),
        RunIdTaken("run ver_1 belongs to another workflow"),
    ],
)
async def test_what_fails_again_and_again_is_set_aside(error: Exception) -> None:
    group = Group(error)
    stopped = [await group.take() for _ in range(3)]
    assert [failed and failed.pause for failed in stopped] == [0.2, 1.0, None]
    assert ["put_aside" in statement for statement in group.statements.executed] == [True]
