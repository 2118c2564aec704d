"""Our own gateway as `make dev` runs it, in a process of its own that can be started, pinned and ended by itself.

Behind it stands a whole marketplace: keys with rate limit, token quota and budget, leases, the journal, settlement.
"""

import json
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fixtures.marketplace_people import Json, Person, demo_submission, published
from measured_fleet import MeasuredFleet, a_fleet
from mocks import serving, talker
from peers import CHAT, Peer
from peers_shelf import Shelf
from questions import KINDS, PLAIN, Way, everywhere
from scale import scaled

from fleet.ports import DEFAULT_PORTS
from fleet.settings import FleetSettings
from fleet.topology import topology

# What `make compile` leaves, as our image has it.
_COMPILED = Path(__file__).parents[3] / ".compiled"
BEHIND = ("services", "workers", "postgres", "valkey")
_BOUNDS = {"tier": "enterprise", "monthly_token_quota": 10**13, "monthly_budget": "1000000", "max_concurrency": 2000}


@dataclass(frozen=True)
class Ours:
    """The peer, and the marketplace behind it."""

    peer: Peer
    fleet: MeasuredFleet

    def behind(self) -> dict[str, int]:
        """The processes that keys, leases and settlement are served by."""
        return {name: pid for name, pid in self.fleet.pids().items() if name in BEHIND}


@contextmanager
def our_gateway(shelf: Shelf, folder: Path, plain_port: int, stream_port: int, port: int) -> Generator[Ours]:
    """Ours with both vendors published; call it before the vendors are started, for it tests them by stand-ins."""
    with a_fleet() as fleet:
        vendors = [f"127.0.0.1:{one}" for one in (plain_port, stream_port, _demo_port(fleet))]
        allowed = json.dumps(vendors)
        fleet.knobs = {"PUBLISHING_ENDPOINT_ALLOWLIST": allowed, "GATEWAY_ENDPOINT_ALLOWLIST": allowed}
        fleet.started()
        keys = _keys_and_listings(fleet, shelf, folder, plain_port, stream_port)
        yield Ours(_peer(fleet, keys, folder, port), fleet)


def _demo_port(fleet: MeasuredFleet) -> int:
    return DEFAULT_PORTS["demo_provider.http"] + fleet.offset


def _keys_and_listings(
    fleet: MeasuredFleet, shelf: Shelf, folder: Path, plain_port: int, stream_port: int
) -> list[str]:
    access = fleet.access
    admin = Person(fleet.http, fleet.gateway, access.admin_email, access.admin_password)
    owner = Person(fleet.http, fleet.gateway, access.publisher_email, access.publisher_password)
    with ExitStack() as stand_ins:
        # A listing is tested with streams before it is published, which the fixed answer of nginx would not pass.
        for one in (plain_port, stream_port):
            stand_ins.enter_context(serving(talker(shelf, folder, one), one))
        published(owner, admin, _listing(fleet, "bench-plain", plain_port))
        published(owner, admin, _listing(fleet, "bench-stream", stream_port))
    return [owner.key(f"bench-{number}", **_BOUNDS)["key"] for number in range(scaled(32, 4))]


def _listing(fleet: MeasuredFleet, name: str, port: int) -> Json:
    endpoint = {"url": f"http://127.0.0.1:{port}/v1", "model": "mock-chat"}
    return demo_submission(fleet, name, title=f"Vendor of {name}", endpoint=endpoint, auth="none", provider="bench")


def _peer(fleet: MeasuredFleet, keys: list[str], folder: Path, port: int) -> Peer:
    settings = FleetSettings.read(fleet.environment)
    part = next(one for one in topology(fleet.machine, settings.inherited, settings.own) if one.name == "gateway")
    own = {"GATEWAY_HTTP_PORT": str(port), "GATEWAY_DATA_FOLDER": str(folder / "gateway")}
    compiled = _COMPILED.exists()
    if compiled:
        own["PYTHONPATH"] = str(_COMPILED)
    models = {kind: f"demo/bench-{'plain' if kind == PLAIN else 'stream'}" for kind in KINDS}
    headers = {kind: [(f"authorization: Bearer {key}",) for key in keys] for kind in KINDS}
    way = Way(port, everywhere(CHAT), models, headers)
    return Peer(
        "ours",
        "full, compiled" if compiled else "full, interpreted",
        way,
        list(part.command),
        {**part.environment, **own},
    )
