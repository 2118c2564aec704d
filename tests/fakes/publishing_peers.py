"""Admin and discovery as publishing sees them: real gRPC doors and real consumers over memory."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from fixtures.marketplace_database import ProvisionedServer

from chassis.clock import SystemClock
from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.errors import NotFound
from chassis.event_log.consuming import run_consumers
from chassis.event_log.port import Consumer, Event, RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.identity.access_tokens import sign_access_token
from chassis.identity.principal import Principal
from chassis.identity.service_tokens import ServiceTokenIssuer, ServiceTokenVerifier
from chassis.ids import new_id
from chassis.rpc.server import GrpcDoor
from marketplace.admin.v1 import approvals_pb2, identity_pb2
from marketplace.admin.v1.approvals_pb2_grpc import ApprovalsServicer, add_ApprovalsServicer_to_server
from marketplace.admin.v1.identity_pb2_grpc import IdentityServicer, add_IdentityServicer_to_server
from marketplace.discovery.v1 import index_status_pb2
from marketplace.discovery.v1.index_status_pb2_grpc import IndexStatusServicer, add_IndexStatusServicer_to_server
from marketplace.events.v1 import listing_pb2
from marketplace.events.v1.approval_pb2 import ApprovalDecided

TOPIC = "marketplace.listing.v1"
PEERS = frozenset({"publishing"})
_SNAPSHOTS: dict[str, Any] = {
    message.DESCRIPTOR.full_name: message
    for message in (
        listing_pb2.ListingPublished,
        listing_pb2.ListingRejected,
        listing_pb2.ListingRolledBack,
        listing_pb2.ListingDeprecated,
        listing_pb2.ListingCatalogued,
    )
}


def pem_of(key: Ed25519PrivateKey) -> str:
    """A private key as PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem_of(key: Ed25519PrivateKey) -> str:
    """Its public half as PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass
class Admin(IdentityServicer, ApprovalsServicer):
    """Teams, tokens and approvals in memory."""

    token_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    teams: dict[str, str] = field(default_factory=lambda: {"tea_red": "red", "tea_blue": "blue"})
    approvals: dict[str, approvals_pb2.RequestApprovalRequest] = field(default_factory=dict)
    withdrawn: dict[str, str] = field(default_factory=dict)
    approved_by: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def token(
        self, account: str, team: str | None = "tea_red", role: str = "member", roles: tuple[str, ...] = ()
    ) -> str:
        """An access token."""
        now = datetime.now(UTC)
        slug = self.teams.get(team or "")
        principal = Principal(
            account, frozenset(roles), team, slug, role if team else None, 1, now + timedelta(minutes=15)
        )
        return sign_access_token(self.token_key, "k1", principal, now)

    async def ListVerificationKeys(self, request: Any, context: Any) -> Any:  # noqa: N802
        key = identity_pb2.VerificationKey(key_id="k1", public_key_pem=public_pem_of(self.token_key))
        return identity_pb2.ListVerificationKeysResponse(keys=[key])

    async def ListRecentEpochs(self, request: Any, context: Any) -> Any:  # noqa: N802
        return identity_pb2.ListRecentEpochsResponse()

    async def GetTeam(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.team_id not in self.teams:
            raise NotFound("No such team.")
        return identity_pb2.GetTeamResponse(team_id=request.team_id, slug=self.teams[request.team_id])

    async def RequestApproval(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.asked += 1
        self.approvals.setdefault(request.subject_id, request)
        by = self.approved_by.get(request.subject_id)
        return approvals_pb2.RequestApprovalResponse(
            approval_id=f"apr_{request.subject_id}", state="approved" if by else "pending", decided_by=by
        )

    async def WithdrawApproval(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.subject_id in self.approved_by:
            return approvals_pb2.WithdrawApprovalResponse(state="approved")
        self.withdrawn[request.subject_id] = request.reason
        return approvals_pb2.WithdrawApprovalResponse(state="withdrawn")


@dataclass
class Discovery(IndexStatusServicer):
    """What search would show."""

    shown: dict[str, listing_pb2.ListingSnapshot] = field(default_factory=dict)
    facts: list[tuple[str, Any]] = field(default_factory=list)
    deaf: bool = False

    async def GetIndexedListing(self, request: Any, context: Any) -> Any:  # noqa: N802
        snapshot = self.shown.get(request.listing_id)
        if snapshot is None or self.deaf:
            raise NotFound("Not indexed.")
        return index_status_pb2.GetIndexedListingResponse(
            listing_version_id=snapshot.listing_version_id, revision=snapshot.revision, state=snapshot.state
        )

    async def take(self, _transaction: Transaction, event: RecordedEvent) -> None:
        """One fact about a listing, as an index would take it."""
        fact = _SNAPSHOTS[event.type].FromString(event.data)
        self.facts.append((event.type.rpartition(".")[2], fact))
        snapshot = fact.listing
        known = self.shown.get(snapshot.listing_id)
        if known is not None and known.revision > snapshot.revision:
            return
        if snapshot.state in {"published", "deprecated", "catalogue_only"}:
            self.shown[snapshot.listing_id] = snapshot
        else:
            self.shown.pop(snapshot.listing_id, None)


@dataclass
class Peers:
    """Both, with their addresses and keys, and admin's half of the event log."""

    admin: Admin
    discovery: Discovery
    admin_address: str
    discovery_address: str
    keys: dict[str, Ed25519PrivateKey]
    log: PostgresEventLog
    database: Database

    def issuer(self, service: str) -> ServiceTokenIssuer:
        """Service tokens of one of the services."""
        return ServiceTokenIssuer(service, self.keys[service], SystemClock())

    async def decide(self, version_id: str, *, approved: bool = True, by: str = "acc_approver", times: int = 1) -> None:
        """The approval of a version falls."""
        now = datetime.now(UTC)
        decided = ApprovalDecided(
            approval_id=f"apr_{version_id}",
            subject_kind="listing_version",
            subject_id=version_id,
            approved=approved,
            decided_by=by,
            comment="seen",
        )
        events = [
            Event(
                id=new_id("evt", now),
                topic="marketplace.approval.v1",
                key=version_id,
                type=ApprovalDecided.DESCRIPTOR.full_name,
                source="admin",
                time=now,
                data=decided.SerializeToString(),
            )
            for _ in range(times)
        ]
        async with self.database.transaction() as transaction:
            await self.log.append(transaction, events)

    async def asked_for(self, version_id: str) -> None:
        """Wait until the approval of a version is asked for."""
        for _ in range(600):
            if version_id in self.admin.approvals:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("nobody asked for the approval")


@asynccontextmanager
async def peers(server: ProvisionedServer) -> AsyncGenerator[Peers]:
    """Serve both until left."""
    keys = {
        name: Ed25519PrivateKey.generate() for name in ("publishing", "admin", "discovery", "gateway", "consumption")
    }
    admin, discovery = Admin(), Discovery()
    async with AsyncExitStack() as stack:
        admin_database = await stack.enter_async_context(Database.open(server.url("admin_worker"), name="test-admin"))
        index_database = await stack.enter_async_context(
            Database.open(server.url("discovery_worker"), name="test-discovery")
        )
        log = PostgresEventLog(admin_database)
        index_log = PostgresEventLog(index_database)
        nothing = Consumer("admin.analytics", TOPIC, {})
        indexing = Consumer("discovery.indexing", TOPIC, dict.fromkeys(_SNAPSHOTS, discovery.take))
        tasks = [
            asyncio.create_task(run_consumers(log, [nothing])),
            asyncio.create_task(run_consumers(index_log, [indexing])),
            asyncio.create_task(log.listen()),
            asyncio.create_task(index_log.listen()),
        ]
        addresses = [
            await _serve(stack, "admin", _register_admin(admin), keys),
            await _serve(stack, "discovery", lambda s: add_IndexStatusServicer_to_server(discovery, s), keys),
        ]
        yield Peers(admin, discovery, *addresses, keys, log, admin_database)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _register_admin(admin: Admin) -> Any:
    def register(server: Any) -> None:
        add_IdentityServicer_to_server(admin, server)
        add_ApprovalsServicer_to_server(admin, server)

    return register


async def _serve(stack: AsyncExitStack, name: str, register: Any, keys: dict[str, Ed25519PrivateKey]) -> str:
    verifier = ServiceTokenVerifier(name, {service: key.public_key() for service, key in keys.items()})
    address = f"127.0.0.1:{_free_port()}"
    methods = (
        "admin.v1.Identity/ListVerificationKeys",
        "admin.v1.Identity/ListRecentEpochs",
        "admin.v1.Identity/GetTeam",
        "admin.v1.Approvals/RequestApproval",
        "admin.v1.Approvals/WithdrawApproval",
        "discovery.v1.IndexStatus/GetIndexedListing",
    )
    server, _ = GrpcDoor(address, register, verifier, {f"/marketplace.{m}": PEERS for m in methods}).build()
    await server.start()
    stack.push_async_callback(server.stop, 0)
    return address


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
