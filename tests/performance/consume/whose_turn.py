"""Who goes first on a core that machines of their own would not share.

Elsewhere vendor and callers are other machines. Here they have one core with all that stands behind our gateway, and a
call that waits for that would be slow by no doing of its gateway: so they go first where the durations of calls are
measured. Not where callers ask without pause: they would leave nothing to those that lend to the gateway, and calls
would be refused. Not with streams either: their vendor and callers are busy enough to be in each other's way.
"""

import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path

from process_costs import family

# A caller notes at once what comes; a vendor in the midst of its answers would make it late.
_VENDOR, _CALLER = 1, 2


def may_go_first() -> bool:
    """Whether this user may let anybody go first."""
    before = os.sched_getscheduler(0)
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_VENDOR))
        os.sched_setscheduler(0, before, os.sched_param(0))
        return True
    return False


def as_caller(command: list[str]) -> list[str]:
    """The command, to go before everybody else."""
    return ["chrt", "--rr", str(_CALLER), *command]


@contextmanager
def vendors_first(pids: Iterable[int]) -> Generator[None]:
    """While the block lasts these go before all but callers."""
    every = [pid for first in pids for pid in family(first)]
    _schedule(every, os.SCHED_RR, _VENDOR)
    try:
        yield
    finally:
        _schedule(every, os.SCHED_OTHER, 0)


def _schedule(pids: Iterable[int], policy: int, priority: int) -> None:
    for thread in [int(task.name) for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()]:
        # One that ended since has no turn.
        with suppress(ProcessLookupError):
            os.sched_setscheduler(thread, policy, os.sched_param(priority))
