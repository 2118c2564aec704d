"""What the calls of one door are made with."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from dataplane.call_ledger import CallLedger
from dataplane.call_limits import CallLimits
from dataplane.lease_keeper import LeaseKeeper
from dataplane.passages import Passages
from dataplane.ports import Vendors
from dataplane.surroundings import Surroundings


@dataclass(slots=True)
class CallParts:
    """Keys, routes, leases and vendors are ports; time and ids are arguments."""

    passages: Passages
    keeper: LeaseKeeper
    ledger: CallLedger
    vendors: Vendors
    around: Surroundings
    now: Callable[[], int]
    limits: CallLimits = field(default_factory=CallLimits)
    waiting: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])

    @property
    def in_flight(self) -> int:
        """Calls that wait for something, or are at their vendor."""
        return self.ledger.journal.calls_open + len(self.waiting)
