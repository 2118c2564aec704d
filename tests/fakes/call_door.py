"""A call door over fakes, and a caller who speaks ASGI to it."""

import asyncio
import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fakes.dataplane_ports import FakeKeys, FakeRoutes, FakeUpstream
from fakes.spend_ledger import Account, SpendLedger

from dataplane.admission import AdmissionState
from dataplane.asgi_door import CallDoor
from dataplane.call_ledger import CallLedger
from dataplane.call_limits import CallLimits
from dataplane.journal import open_journal
from dataplane.journal_reader import JournalReader
from dataplane.key_check import Authenticate, key_digest
from dataplane.lease_keeper import LeaseKeeper
from dataplane.pricing import Price
from dataplane.records import Credential, KeyRecord, LimitedScope, RateLimits, Route
from dataplane.settlement import Settlement, holder_name

PEPPER = b"pepper"
KEY = b"mk_test"
INCARNATION = 7
START = 1_790_000_000_000_000
PRICE = Price("prc_1", 1_000_000_000, 2_000_000_000)


def a_route(**changes: Any) -> Route:
    """The route of acme/echo 1.0.0."""
    facts: dict[str, Any] = {
        "listing_id": "lst_1",
        "listing_version_id": "ver_1",
        "name": "echo",
        "team_slug": "acme",
        "version": "1.0.0",
        "endpoint_url": "https://vendor.example/v1",
        "upstream_model": "vendor-echo",
        "price": PRICE,
        "max_output_tokens": 100,
        "credential": Credential("vendor.example", "Authorization", "Bearer vendor-secret"),
    }
    return Route(**{**facts, **changes})


def a_key(**changes: Any) -> KeyRecord:
    """A key of team acme with a token quota and a budget."""
    facts: dict[str, Any] = {
        "key_id": "key_1",
        "team_id": "team_1",
        "account_id": "acc_1",
        "team_slug": "acme",
        "limits": RateLimits(),
        "scopes": (
            LimitedScope("team-money", "team", "nanodollars", 10_000_000_000),
            LimitedScope("key-tokens", "key", "tokens", 1_000_000),
        ),
    }
    return KeyRecord(**{**facts, **changes})


@dataclass
class Reply:
    """What a caller received."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    complete: bool = False


@dataclass
class Bench:
    """The door and everything behind it, to look at."""

    door: CallDoor
    spend: SpendLedger
    settlement: Settlement
    upstream: FakeUpstream

    async def ask(
        self,
        path: str,
        body: bytes = b"",
        method: str = "POST",
        headers: list[tuple[bytes, bytes]] | None = None,
        leaves: asyncio.Event | None = None,
    ) -> Reply:
        """Send one request; the caller leaves when that event is set."""
        reply = Reply()
        messages = [{"type": "http.request", "body": body, "more_body": False}]
        gone = leaves or asyncio.Event()

        async def receive() -> Any:
            if messages:
                return messages.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            _take(reply, message)

        sent = [(b"authorization", b"Bearer " + KEY)] if headers is None else headers
        await self.door({"type": "http", "method": method, "path": path, "headers": sent}, receive, send)
        return reply

    async def settled(self) -> None:
        """Bring everything written to the ledger."""
        await self.settlement.send_written()


def a_bench(
    folder: Path,
    upstream: FakeUpstream,
    key: KeyRecord | None = None,
    route: Route | None = None,
    limits: CallLimits | None = None,
) -> Bench:
    """A door for one key and one route; every scope of the key has an account of its limit."""
    key, route = key or a_key(), route or a_route()
    spend = SpendLedger({scope.scope_id: Account(scope.limit) for scope in key.scopes})
    clock, numbers = itertools.count(START, 1000), itertools.count(1)
    state = AdmissionState()
    journal = open_journal(folder, INCARNATION)
    settlement = Settlement(JournalReader(journal.folder, INCARNATION), spend)
    ledger = CallLedger(state, journal, settlement.wake, lambda: f"ret_{next(numbers)}")
    keeper = LeaseKeeper(
        state,
        spend,
        holder_name(INCARNATION),
        lambda: next(clock),
        lambda: f"req_{next(numbers)}",
        ledger.give_up,
    )
    door = CallDoor(
        authenticate=Authenticate(FakeKeys({key_digest(PEPPER, KEY): key}), PEPPER),
        routes=FakeRoutes([route]),
        keeper=keeper,
        ledger=ledger,
        upstream=upstream,
        now=lambda: next(clock),
        new_call_id=lambda: f"call_{next(numbers)}",
        limits=limits or CallLimits(),
    )
    return Bench(door, spend, settlement, upstream)


def _take(reply: Reply, message: Any) -> None:
    if message["type"] == "http.response.start":
        reply.status = message["status"]
        reply.headers = {name.decode(): value.decode() for name, value in message["headers"]}
    else:
        reply.body += message["body"]
        reply.complete = not message.get("more_body", False)
