"""One data plane process without sockets: admits calls against a real consumption, as told on standard input.

The first line is its setting, each further line a command; each gets one line of JSON as its answer.
"""

import asyncio
import itertools
import json
import secrets
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chassis.clock import SystemClock
from chassis.errors import MarketplaceError
from chassis.identity.service_tokens import ServiceTokenIssuer
from chassis.rpc.channel import Peer
from dataplane.admission import AdmissionState, Admitted, asking
from dataplane.call_ledger import CallLedger, Ending, facts_of
from dataplane.call_records import CallFacts, Outcome
from dataplane.control_plane.leases_client import GrpcLeaseSource
from dataplane.control_plane.settlement_client import GrpcSettler
from dataplane.journal import open_journal
from dataplane.journal_reader import JournalReader
from dataplane.lease_keeper import LeaseKeeper
from dataplane.price import Price
from dataplane.recall_answers import RecallAnswers
from dataplane.records import KeyRecord, LimitedScope, Route
from dataplane.settlement import Settlement, holder_name
from dataplane.usage import Usage

_ROUTE = Route(
    *("lst_1", "ver_1", "echo", "1.0.0", "https://vendor.example/v1", "vendor-echo"),
    team_slug="acme",
    price=Price("prc_1", 1_000_000, 1_000_000),
)


def _now() -> int:
    return time.time_ns() // 1000


class Holder:
    """Leases, journal and settlement of one process, and the calls that it let in."""

    def __init__(self, peer: Peer, folder: Path) -> None:
        incarnation = secrets.randbits(63) | 1
        self.name = holder_name(incarnation)
        self.source = GrpcLeaseSource(peer)
        self.state = AdmissionState()
        journal = open_journal(folder, incarnation)
        self.settlement = Settlement(JournalReader(journal.folder, incarnation), GrpcSettler(peer))
        self.ledger = CallLedger(self.state, journal, self.settlement.wake, lambda: f"ret_{secrets.token_hex(16)}")
        numbers = itertools.count(1)
        self.keeper = LeaseKeeper(
            *(self.state, self.source, self.name, _now, lambda: f"{next(numbers):016x}", self.ledger.give_up)
        )
        self.recalls = RecallAnswers(self.keeper, self.source, lambda: f"ret_{secrets.token_hex(16)}", lambda: True)
        self.calls: list[tuple[CallFacts, Admitted]] = []

    async def rush(self, scopes: list[str], tokens: int, clients: int) -> dict[str, int]:
        """So many clients at once; what became of them."""
        limited = tuple(LimitedScope(scope, "key", "tokens", 0) for scope in scopes)
        key = KeyRecord("key_1", "tea_red", "acc_1", scopes=limited)
        return Counter(await asyncio.gather(*(self._call(key, tokens) for _ in range(clients))))

    async def _call(self, key: KeyRecord, tokens: int) -> str:
        try:
            asked = asking(key, _ROUTE, tokens, 0)
            admitted = await self.keeper.admit(asked)
        except MarketplaceError as error:
            return error.code
        facts = facts_of(f"call_{secrets.token_hex(16)}", _now(), asked.terms, admitted)
        self.ledger.open(facts, admitted)
        self.calls.append((facts, admitted))
        return "admitted"

    async def settle(self, part: float = 1.0) -> dict[str, int]:
        """End every call with that part of its tokens used, and bring it to consumption."""
        for facts, admitted in self.calls:
            self.ledger.settle(facts, admitted, Ending(Outcome.COMPLETED, 200, Usage(int(admitted.tokens * part)), 0))
        self.calls.clear()
        await self.settlement.send_written()
        return {"sent": self.settlement.health.sent}

    async def held(self, scope: str) -> dict[str, int]:
        """What it holds idle of a scope."""
        lease = self.state.leases.leases.get(scope)
        return {"idle": 0 if lease is None else lease.available}


async def _run(setting: dict[str, Any]) -> None:
    key = load_pem_private_key(setting["key"].encode(), None)
    assert isinstance(key, Ed25519PrivateKey)
    issuer = ServiceTokenIssuer("gateway", key, SystemClock())
    async with Peer.open("consumption", setting["address"], issuer) as peer:
        holder = Holder(peer, Path(setting["folder"]))
        hearing = asyncio.create_task(holder.source.watch_recalls(holder.name, holder.recalls.hear))
        answering = asyncio.create_task(holder.recalls.run())
        print(json.dumps({"holder": holder.name}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            command = json.loads(line)
            answer = await getattr(holder, command.pop("do"))(**command)
            print(json.dumps(answer), flush=True)
        for task in (hearing, answering):
            task.cancel()


if __name__ == "__main__":
    asyncio.run(_run(json.loads(sys.stdin.readline())))
