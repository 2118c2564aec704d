"""What every exchange of a door with its vendors shares."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from chassis.errors import MarketplaceError
from dataplane.call_ledger import CallLedger
from dataplane.call_limits import CallLimits
from dataplane.ended_calls import CallEnd
from dataplane.live_call import LiveCall
from wire.ticker import Ticker


def _untold(end: CallEnd) -> None:
    """Nobody wants to know how calls went."""


class Flight(Protocol):
    """A call at its vendor."""

    def cut(self, error: MarketplaceError) -> None:
        """End it now."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every exchange of a door shares; `ended` hears of each call that ended, and takes no time.

    `seconds` is the time of the loop, `flights` are the calls at their vendors.
    """

    ledger: CallLedger
    now: Callable[[], int]
    limits: CallLimits
    ticker: Ticker
    ended: Callable[[CallEnd], None] = _untold
    seconds: Callable[[], float] = time.monotonic
    flights: set[Flight] = field(default_factory=set[Flight])

    def release(self, call: LiveCall, status: int, reason: str) -> None:
        """The call never left: nothing is charged, and what hears of ends hears of this one."""
        self.ended((self.ledger.release(call.facts, call.admitted, status, reason), 0))
