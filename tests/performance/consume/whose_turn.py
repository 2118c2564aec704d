"""Who goes first on a core that machines of their own would not share.

Elsewhere vendor and callers are other machines. Here they have one core with all that stands behind our gateway, and a
call that waits for that would be slow by no doing of its gateway: so they go first where durations are measured. Not
where callers ask without pause: they would leave little to those that lend to the gateway.

To be nice is not enough: since EEVDF whoever runs keeps the core for a slice of 3 ms, unless the one that wakes asks
for shorter ones (Linux 6.12; before that, and where the call is not known, niceness is all).
"""

import ctypes
import os
import platform
import struct
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path

from process_costs import family

# As far before others as may be asked for, and for as short as may be.
_FIRST = -20
_SLICE_NANOSECONDS = 100_000
# Size, policy, flags, niceness, priority, slice, and two that are for other policies; there is no call in the library.
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}.get(platform.machine())


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
        _set_turn(every, _FIRST, _SLICE_NANOSECONDS)
        yield
    finally:
        _set_turn(every, os.getpriority(os.PRIO_PROCESS, 0), 0)


def _set_turn(pids: Iterable[int], turn: int, nanoseconds: int) -> None:
    """Who ended has none. Where the kernel takes sessions together, as by `autogroup`, that of each counts as well."""
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").glob("*"):
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), turn)
            _set_slice(int(thread.name), turn, nanoseconds)
        with suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(turn))


def _set_slice(thread: int, turn: int, nanoseconds: int) -> None:
    """How long a thread runs before it is another's turn; 0 as everybody. Where it is refused all stays as it is."""
    if _SCHED_SETATTR is not None:
        attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, turn, 0, nanoseconds, 0, 0)
        ctypes.CDLL(None).syscall(_SCHED_SETATTR, thread, attributes, 0)
