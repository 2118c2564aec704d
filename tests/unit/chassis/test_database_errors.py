"""The driver's errors as ours: what may be tried again is told apart from what is wrong."""

import asyncio

import asyncpg
import pytest

from chassis.database.errors import (
    DatabaseTimedOut,
    DatabaseUnavailable,
    RowRefused,
    StatementRefused,
    UniqueConflict,
    WriteConflict,
    driver_errors_translated,
)
from chassis.errors import InvalidInput


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError("refused"),
        asyncpg.ConnectionDoesNotExistError("gone"),
        asyncpg.InterfaceError("the pool is closed"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.CrashShutdownError("terminating connection because of crash of another server process"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
        asyncpg.ProtocolError("cannot switch to idle state"),
        asyncio.IncompleteReadError(b"", 5),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_server_that_dies_under_a_statement_is_unavailable(error: Exception) -> None:
    with pytest.raises(DatabaseUnavailable) as caught, driver_errors_translated():
        raise error
    assert caught.value.retry_after


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (asyncpg.QueryCanceledError("statement timeout"), DatabaseTimedOut),
        (TimeoutError(), DatabaseTimedOut),
        (asyncpg.DeadlockDetectedError("deadlock"), WriteConflict),
        (asyncpg.UniqueViolationError("duplicate"), UniqueConflict),
        (asyncpg.NumericValueOutOfRangeError("too large"), InvalidInput),
        (asyncpg.InsufficientPrivilegeError("permission denied"), RowRefused),
        (asyncpg.UndefinedColumnError("column does not exist"), StatementRefused),
        (asyncpg.PostgresSyntaxError("syntax"), StatementRefused),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_other_causes_keep_their_own_kind(error: Exception, ours: type[Exception]) -> None:
    with pytest.raises(ours), driver_errors_translated():
        raise error


@pytest.mark.parametrize("error", [asyncpg.CheckViolationError("check"), KeyError("a fault of the code")])
def test_faults_of_the_code_pass_untouched(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, driver_errors_translated():
        raise error
    assert caught.value is error
