"""Who goes first on a core that machines of their own would not share.

Elsewhere vendor and callers are other machines. Here they have one core with all that stands behind our gateway, and a
call that waits for that would be slow by no doing of its gateway: so they go first where durations are measured. Not
where callers ask without pause: they would leave little to those that lend to the gateway.
"""

import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path

from process_costs import family

# As far before others as may be asked for.
_FIRST = -20


def may_go_first() -> bool:
    """Whether this user may let anybody go first, and take it back."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, _FIRST)
        os.setpriority(os.PRIO_PROCESS, 0, before)
        return True
    return False


@contextmanager
def going_first(pids: Iterable[int]) -> Generator[None]:
    """While the block lasts these and what they started go before all others; each is to have a session of its own."""
    every = [pid for first in pids for pid in family(first)]
    try:
        _set_turn(every, _FIRST)
        yield
    finally:
        _set_turn(every, os.getpriority(os.PRIO_PROCESS, 0))


def _set_turn(pids: Iterable[int], turn: int) -> None:
    """Who ended has none. Where the kernel takes sessions together, as by `autogroup`, that of each counts as well."""
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").glob("*"):
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), turn)
        with suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(turn))
