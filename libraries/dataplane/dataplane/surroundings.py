"""What every exchange of a door with its vendors shares."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from dataplane.call_ledger import CallLedger
from dataplane.call_limits import CallLimits
from dataplane.ended_calls import CallEnd
from dataplane.live_call import LiveCall
from wire.ticker import Ticker


def _untold(end: CallEnd) -> None:
    """Nobody wants to know how calls went."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every exchange of a door shares; `ended` hears of each call that ended, and takes no time.

    `seconds` is the time of the loop.
    """

    ledger: CallLedger
    now: Callable[[], int]
    limits: CallLimits
    ticker: Ticker
    ended: Callable[[CallEnd], None] = _untold
    seconds: Callable[[], float] = time.monotonic

    def release(self, call: LiveCall, status: int, reason: str) -> None:
        """The call never left: nothing is charged, and what hears of ends hears of this one."""
        self.ended((self.ledger.release(call.facts, call.admitted, status, reason), 0))
