"""The connections DBOS works with: few, and with a server that is away told apart from an error.

DBOS waits and tries again when a connection fails, but knows such a failure by a text that psycopg no longer writes
("connection failed"); left alone, it would record the run as failed while PostgreSQL restarts.
"""

import psycopg
import sqlalchemy
from sqlalchemy import event

# A frozen worker must not keep the locks of an open transaction for ever.
IDLE_TRANSACTION_MILLISECONDS = 60_000


def open_engine(url: str, connections: int) -> sqlalchemy.Engine:
    """An engine that marks every failure to connect as a lost connection, which DBOS outwaits."""
    engine = sqlalchemy.create_engine(
        sqlalchemy.make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=30,
        pool_pre_ping=True,
        # Errors are logged with their statement; its values hold what runs work on.
        hide_parameters=True,
        connect_args={
            "application_name": "durable_runs",
            "connect_timeout": 10,
            "options": f"-c idle_in_transaction_session_timeout={IDLE_TRANSACTION_MILLISECONDS}",
        },
    )
    event.listen(engine, "handle_error", _mark_as_lost)
    return engine


def _mark_as_lost(context: sqlalchemy.ExceptionContext) -> None:
    if context.connection is None and isinstance(context.original_exception, psycopg.OperationalError):
        context.is_disconnect = True
