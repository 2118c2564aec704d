"""A call door over fakes, and a caller on an engine's connection without a socket."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes.dataplane_ports import FakeKeys, FakeRoutes, FakeUpstream
from fakes.memory_caller import Reply, ask
from fakes.spend_ledger import Account, SpendLedger

from dataplane.admission import AdmissionState
from dataplane.call_door import CallDoor
from dataplane.call_ledger import CallLedger
from dataplane.call_limits import CallLimits
from dataplane.call_parts import CallParts
from dataplane.ended_calls import CallEnd
from dataplane.journal import Journal, open_journal
from dataplane.journal_reader import JournalReader
from dataplane.key_check import Authenticate, key_digest
from dataplane.lease_keeper import LeaseKeeper
from dataplane.passages import Passages
from dataplane.price import Price
from dataplane.records import Credential, KeyRecord, LimitedScope, RateLimits, Route
from dataplane.settlement import Settlement, holder_name
from dataplane.surroundings import Surroundings
from wire.ticker import Ticker

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
class Bench:
    """The door and everything behind it, to look at."""

    door: CallDoor
    spend: SpendLedger
    settlement: Settlement
    upstream: FakeUpstream
    journal: Journal

    async def ask(
        self,
        path: str,
        body: bytes = b"",
        method: str = "POST",
        headers: list[tuple[bytes, bytes]] | None = None,
        leaves: asyncio.Event | None = None,
    ) -> Reply:
        """Send one request; the caller leaves when that event is set."""
        sent = [(b"authorization", b"Bearer " + KEY)] if headers is None else headers
        return await ask(self.door.accept, (method, path), sent, body, leaves)

    async def settled(self) -> None:
        """Bring everything written to the ledger."""
        self.door.parts.ledger.journal.write_gathered()
        await self.settlement.send_written()

    def tokens_left(self) -> int | None:
        """What is left of the key's tokens, as far as the door knows."""
        lease = self.door.parts.ledger.state.leases.leases.get("key-tokens")
        return None if lease is None else lease.available + lease.remaining


def a_bench(
    folder: Path,
    upstream: FakeUpstream,
    key: KeyRecord | None = None,
    route: Route | None = None,
    limits: CallLimits | None = None,
    *,
    told: Callable[[CallEnd], None] = lambda end: None,
    ticker: Ticker | None = None,
) -> Bench:
    """A door for one key and one route; every scope of the key has an account of its limit."""
    ticker = ticker or Ticker()
    key, route = key or a_key(), route or a_route()
    spend = SpendLedger({scope.scope_id: Account(scope.limit) for scope in key.scopes})
    clock, numbers = itertools.count(START, 1000), itertools.count(1)
    state = AdmissionState()
    upstream.outbox = ticker.outbox
    journal = open_journal(folder, INCARNATION, gather=ticker.outbox.ahead)
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
    bounds = limits or CallLimits()
    parts = CallParts(
        passages=Passages(Authenticate(FakeKeys({key_digest(PEPPER, KEY): key}), PEPPER), FakeRoutes([route])),
        keeper=keeper,
        ledger=ledger,
        vendors=upstream,
        around=Surroundings(ledger, lambda: next(clock), bounds, ticker, told),
        now=lambda: next(clock),
        limits=bounds,
    )
    door = CallDoor(parts, lambda: f"call_{next(numbers)}", replies=spend.replies)
    return Bench(door, spend, settlement, upstream, journal)
