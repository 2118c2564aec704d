"""What the call path asks of others: keys, routes, leases, settlement and the vendor."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from dataplane.call_records import EndRecord
from dataplane.leases import LeaseGrant, LeaseWish, ScopeShort
from dataplane.records import KeyRecord, Route

Headers = Sequence[tuple[bytes, bytes]]


class KeyRecords(Protocol):
    """Keys by their digest."""

    async def by_digest(self, digest: bytes) -> KeyRecord | None:
        """The record of HMAC-SHA256(pepper, key), or None; raises Unavailable where nobody can tell."""
        ...


class Routes(Protocol):
    """Listings as a caller may see them."""

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

    async def acquire(self, holder: str, request_id: str, wishes: Sequence[LeaseWish]) -> LeaseAnswer:
        """Move amounts to this holder; the same request id gives the same answer. Raises Unavailable."""
        ...


class Settler(Protocol):
    """Consumption's settlement. Returning means committed; raising means the batch comes again."""

    async def settle(self, holder: str, records: Sequence[EndRecord]) -> None:
        """Commit ended calls and lease returns in one transaction; what was seen before changes nothing."""
        ...

    async def seal(self, holder: str) -> None:
        """All of a dead or drained holder is settled: its leases go back, and it never gets one again."""
        ...


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """A request to a vendor, headers and body complete."""

    url: str
    headers: Headers
    body: bytes


class UpstreamResponse(Protocol):
    """A vendor's answer; its body is read once."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Headers:
        """Header names in lower case."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises UpstreamFailed or UpstreamTimedOut."""
        ...

    async def close(self) -> None:
        """Give the connection up, or back where the body was read whole."""
        ...


class Upstream(Protocol):
    """Sends requests to vendors; follows no redirects and keeps no cookies."""

    async def send(self, request: UpstreamRequest) -> UpstreamResponse:
        """The answer once its head is here. UpstreamUnreachable: nothing was sent; other errors: it may have been."""
        ...
