"""The one place where the driver's errors become ours."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager

import asyncpg

from chassis.errors import Conflict, ErrorKind, InvalidInput, MarketplaceError, TimedOut, Unavailable


class DatabaseUnavailable(Unavailable):
    """PostgreSQL does not answer, ended our connection, or has no room for what was asked."""

    code = "database_unavailable"


class DatabaseTimedOut(TimedOut):
    """A statement or the wait for a connection took longer than allowed."""

    code = "database_timed_out"


class UniqueConflict(Conflict):
    """A row with this key is there already; `constraint` says which rule it met."""

    code = "already_exists"

    def __init__(self, constraint: str) -> None:
        super().__init__("It exists already: choose another name, or read the one that is there.")
        self.constraint = constraint


class WriteConflict(Conflict):
    """Two transactions met; the same request may work when sent again."""

    code = "write_conflict"


class RowRefused(MarketplaceError):
    """Row security or a grant refused a statement: a fault of ours, never shown in detail."""

    code = "row_refused"
    kind = ErrorKind.INTERNAL


class StatementRefused(MarketplaceError):
    """The schema is not the one that this build was made for, or a statement is wrong: one of them must be changed."""

    code = "statement_refused"
    kind = ErrorKind.INTERNAL


# What passes by itself, sooner or later.
UNREACHABLE = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    # Of connections, memory or disk.
    asyncpg.InsufficientResourcesError,
    # What the driver says where a server dies between the two halves of an answer.
    asyncpg.InternalClientError,
    asyncio.IncompleteReadError,
)
_BAD_TEXT = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)
_MET_ANOTHER = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)

# Read from the top: a time-out is an OSError too.
_TRANSLATIONS: list[tuple[tuple[type[Exception], ...], Callable[[], MarketplaceError]]] = [
    (_MET_ANOTHER, lambda: WriteConflict("Somebody changed the same thing at the same time: send it again.")),
    ((asyncpg.QueryCanceledError, TimeoutError), lambda: DatabaseTimedOut("The database took too long: try later.")),
    ((asyncpg.InsufficientPrivilegeError,), lambda: RowRefused("The database refused a statement.")),
    ((asyncpg.SyntaxOrAccessError,), lambda: StatementRefused("The database does not know what a statement asks for.")),
    (_BAD_TEXT, lambda: InvalidInput("A text holds characters that cannot be stored, such as NUL: remove them.")),
    ((asyncpg.NumericValueOutOfRangeError,), lambda: InvalidInput("A number is too large to be stored.")),
    (UNREACHABLE, lambda: DatabaseUnavailable("The database cannot be reached: try again later.", retry_after=2)),
]


_PASSING_KINDS = (ErrorKind.UNAVAILABLE, ErrorKind.TIMED_OUT, ErrorKind.LIMITED)
_PASSING_CODES = (WriteConflict.code, StatementRefused.code)


def passes_by_itself(error: Exception) -> bool:
    """A full disk does, a migration to come, and who met another, here or at a peer; what is there already stays."""
    return isinstance(error, MarketplaceError) and (error.kind in _PASSING_KINDS or error.code in _PASSING_CODES)


@contextmanager
def driver_errors_translated() -> Generator[None]:
    """Raise our errors where asyncpg raised its own; ours and faults of the code pass through untouched."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise UniqueConflict(error.constraint_name or "") from error
    except (asyncpg.PostgresError, *UNREACHABLE) as error:
        for driver_errors, ours in _TRANSLATIONS:
            if isinstance(error, driver_errors):
                raise ours() from error
        raise
