"""What the call path asks of others: keys, routes, leases, settlement and the vendor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from dataplane.leases import LeaseGrant, LeaseWish, ScopeShort
from dataplane.records import KeyRecord, Route
from wire.origin import Origin
from wire.taker import Taker

Headers = Sequence[tuple[bytes, bytes]]


class KeyRecords(Protocol):
    """Keys by their digest."""

    @property
    def changes(self) -> int:
        """Grows whenever a record that was known is not to be used any more."""
        ...

    def known(self, digest: bytes, prove: Callable[[], bytes]) -> KeyRecord | None:
        """The record where it is fresh in memory; None says nothing."""
        ...

    async def by_digest(self, digest: bytes, prove: Callable[[], bytes]) -> KeyRecord | None:
        """The record of HMAC-SHA256(pepper, key), or None; raises Unavailable where nobody can tell.

        `prove` gives the proof that the asker holds the key itself; it is asked for where consumption is asked.
        """
        ...


class Routes(Protocol):
    """Listings as a caller may see them."""

    def known(self, key: KeyRecord, model: str, version: str = "") -> Route | None:
        """The route where it is fresh in memory; None says nothing."""
        ...

    async def resolve(self, key: KeyRecord, model: str, version: str = "") -> Route | None:
        """The route of a listing id or name for this key's team, or None where it may not see one."""
        ...

    async def visible(self, key: KeyRecord) -> Sequence[Route]:
        """Every route that this key's team may call, in order of name."""
        ...


@dataclass(frozen=True, slots=True)
class LeaseAnswer:
    """All wishes granted at least what they need, or none: then `short` names the scopes that are full."""

    granted: tuple[LeaseGrant, ...] = ()
    short: tuple[ScopeShort, ...] = ()


class LeaseSource(Protocol):
    """Consumption's leases."""

    async def acquire(
        self, holder: str, request_id: str, wishes: Sequence[LeaseWish], *, recall: bool = False, done_below: str = ""
    ) -> LeaseAnswer:
        """Move amounts to this holder; the same request id gives the same answer. Raises Unavailable.

        `recall`: a call waits, so idle leases of others are recalled where a scope is short. `done_below`: the answers
        to all requests with ids below have arrived; empty where there is nothing to say.
        """
        ...


class GivenBack(msgspec.Struct, frozen=True):
    """What was idle of a scope when it was recalled, by a process that knew of its grants up to `newest_grant`."""

    scope_id: str
    amount: int
    period_ends_at: int | None
    recall: int
    newest_grant: int


class LeaseReturns(Protocol):
    """Consumption's taking back of what it recalled."""

    async def give_back(self, holder: str, return_id: str, given: Sequence[GivenBack]) -> None:
        """Give amounts back; counts once by the id. Returning means that it counted. Raises Unavailable."""
        ...


class Settler(Protocol):
    """Consumption's settlement. Returning means committed; raising means the batch comes again."""

    async def settle(self, holder: str, ends: Sequence[bytes]) -> None:
        """Commit ended calls and lease returns in one transaction; what was seen before changes nothing.

        An end is a frame of the holder's journal.
        """
        ...

    async def seal(self, holder: str) -> None:
        """All of a dead or drained holder is settled: its leases go back, and it never gets one again."""
        ...


class VendorConnection(Protocol):
    """A connection that somebody was given: for one exchange, or to be given back."""

    def send(self, data: bytes, taker: Taker) -> None:
        """Begin the exchange with a whole request."""
        ...

    def take_back(self) -> bool:
        """Withdraw the request if it has not left yet; the connection is given back then."""
        ...

    def hold(self, wait: bool) -> None:
        """Stop reading while nobody has room for the response, or go on."""
        ...

    def drop(self) -> None:
        """Close at once; the taker hears nothing more."""
        ...

    def unused(self) -> None:
        """Give it back without having sent anything."""
        ...


class Vendors(Protocol):
    """Connections to vendors; follows no redirects and keeps no cookies."""

    def idle(self, origin: Origin) -> VendorConnection | None:
        """A connection that is ready now, or None."""
        ...

    async def connection(self, origin: Origin) -> VendorConnection:
        """A connection, made where none is ready; raises NotSent or UpstreamUnreachable."""
        ...
