"""The connection to Temporal: bounded in time, its errors translated once."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.service import RetryConfig, RPCError, RPCStatusCode

from chassis.durable_runs.errors import RunNotFound
from chassis.durable_runs.temporal_address import TemporalAddress
from chassis.errors import InvalidInput, MarketplaceError, Unavailable

RPC_TIMEOUT = timedelta(seconds=5)
# Longer than a moment without an answer is for the caller to decide about.
_RETRIES = RetryConfig(max_interval_millis=500, max_elapsed_time_millis=3_000, max_retries=5)
_AWAY = {RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}


async def connect(address: TemporalAddress, identity: str, *, lazy: bool) -> Client:
    """A client; a lazy one connects when it is first used, the other now or raises Unavailable."""
    with temporal_errors_translated():
        return await Client.connect(
            address.target,
            namespace=address.namespace,
            api_key=address.secret,
            tls=address.tls,
            identity=identity,
            retry_config=_RETRIES,
            connect_timeout=RPC_TIMEOUT,
            lazy=lazy,
        )


@contextmanager
def temporal_errors_translated(run_id: str = "") -> Generator[None]:
    """Raise RunNotFound, InvalidInput or Unavailable for what the service answers."""
    try:
        yield
    except RPCError as error:
        raise _translated(error, run_id) from error
    except (RuntimeError, OSError) as error:
        # What a first connection fails with.
        raise Unavailable("Temporal cannot be reached; try again.") from error


def _translated(error: RPCError, run_id: str) -> MarketplaceError:
    if error.status is RPCStatusCode.NOT_FOUND and run_id:
        return RunNotFound(f"no run has the id {run_id}")
    if error.status is RPCStatusCode.INVALID_ARGUMENT:
        return InvalidInput("Temporal refuses the request: what a run is given may be 2 MB at most.")
    if error.status in _AWAY:
        return Unavailable("Temporal does not answer in time; try again.")
    details: dict[str, Any] = {"status": error.status.name}
    failure = Unavailable("Temporal could not do it; try again.")
    failure.details = details
    return failure
