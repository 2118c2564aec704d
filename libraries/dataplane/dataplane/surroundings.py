"""What every exchange of a door with its vendors shares."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from dataplane.call_ledger import CallLedger
from dataplane.call_limits import CallLimits
from dataplane.ended_calls import CallEnd
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
