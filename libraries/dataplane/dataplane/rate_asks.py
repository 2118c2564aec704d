"""What a process asks of the buckets that all processes share, and what it is told. Amounts are whole units.

These are arrays on the way to the script that grants them, so the order of the fields is a contract with it.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

# How long the server counts what it granted as held; a process that says nothing for so long has lost it.
LEASE_MICROSECONDS = 3_000_000


class AmountAsk(msgspec.Struct, frozen=True, array_like=True):
    """One bucket, of requests or of tokens.

    `held` is what this process still has, `back` what it returns of it (below zero: what it took while it could not
    ask). `first` lets the call pass that has waited longest, `parked` all that wait; `soon` will be used before the
    next ask, `stock` would be good to have and is granted of plenty only.
    """

    rate: float
    burst: float
    held: int = 0
    back: int = 0
    first: int = 0
    parked: int = 0
    soon: int = 0
    stock: int = 0


class SlotAsk(msgspec.Struct, frozen=True, array_like=True):
    """Calls at the same time: `kept` slots stay here, `needed` more let waiting calls pass, `spare` ones the next."""

    limit: int
    kept: int = 0
    needed: int = 0
    spare: int = 0


class RateAsk(msgspec.Struct, frozen=True):
    """Everything about one key. `number` grows with each ask of a process for it: one seen before changes nothing."""

    team_id: str
    key_id: str
    number: int
    requests: AmountAsk | None = None
    tokens: AmountAsk | None = None
    slots: SlotAsk | None = None


class AmountGrant(msgspec.Struct, frozen=True, array_like=True):
    """What was granted of a bucket and what is left in it; below zero where a call larger than the burst went."""

    granted: int
    level: float


class SlotGrant(msgspec.Struct, frozen=True, array_like=True):
    """`held` slots are this process's now, those in use included; `short` says that somebody waits for one."""

    held: int
    left: int
    short: bool


class RateAnswer(msgspec.Struct, frozen=True, array_like=True):
    """The answer to one ask."""

    requests: AmountGrant | None
    tokens: AmountGrant | None
    slots: SlotGrant | None


class RateSource(Protocol):
    """Where the buckets of all processes are."""

    async def exchange(self, asks: Sequence[RateAsk]) -> Sequence[RateAnswer | None]:
        """An answer for each ask in its order, None where nobody answered; never raises for a server that is away."""
        ...

    async def processes(self) -> int:
        """How many processes are there, this one among them, which this call makes known. Raises Unavailable."""
        ...
