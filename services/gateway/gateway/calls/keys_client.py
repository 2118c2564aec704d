"""Key records from consumption, kept for seconds, forgotten at once when consumption says so."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import ErrorKind, MarketplaceError
from chassis.rpc.channel import Peer
from dataplane.records import KeyRecord, LimitedScope, RateLimits
from gateway.calls.kept import Kept
from marketplace.consumption.v1 import keys_pb2
from marketplace.consumption.v1.keys_pb2_grpc import KeysStub

FRESH_SECONDS = 30.0
UNKNOWN_SECONDS = 2.0
# Longest time that calls go on with a record that consumption cannot confirm, because it is down.
STALE_SECONDS = 300.0
_log = logging.getLogger("gateway.keys")


@dataclass
class GrpcKeyRecords:
    """KeyRecords of the data plane."""

    peer: Peer
    monotonic: Callable[[], float]
    kept: Kept[bytes, KeyRecord] = field(init=False)

    def __post_init__(self) -> None:
        self.kept = Kept(self.monotonic, FRESH_SECONDS, UNKNOWN_SECONDS, STALE_SECONDS)

    async def by_digest(self, digest: bytes) -> KeyRecord | None:
        """The record, or None for a key nobody made; raises where consumption is down and we know nothing."""
        return await self.kept.get(digest, lambda: self._ask(digest))

    async def forget_changed(self) -> None:
        """Follow consumption's stream of changed keys until cancelled; after a gap everything is forgotten."""
        stub = KeysStub(self.peer.channel)
        while True:
            try:
                request = keys_pb2.WatchKeyChangesRequest()
                stream = stub.WatchKeyChanges(request, metadata=self.peer.metadata(), wait_for_ready=True)
                self.kept.expire_all()
                async for change in stream:
                    self.kept.drop(lambda record, key_id=change.key_id: record is not None and record.key_id == key_id)
            except grpc.aio.AioRpcError as error:
                _log.info("key changes are not heard: %s", error.code().name)
            self.kept.expire_all()
            await asyncio.sleep(0.5)

    async def _ask(self, digest: bytes) -> KeyRecord | None:
        stub = KeysStub(self.peer.channel)
        try:
            answer = await self.peer.ask(stub.GetKeyByDigest, keys_pb2.GetKeyByDigestRequest(digest=digest))
        except MarketplaceError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                return None
            raise
        return key_record_of(answer.key)


def key_record_of(key: keys_pb2.KeyRecord) -> KeyRecord:
    """The data plane's record of a key."""
    return KeyRecord(
        key_id=key.key_id,
        team_id=key.team_id,
        account_id=key.account_id,
        team_slug=key.team_slug,
        state="active" if key.state == "active" else "revoked",
        expires_at=microseconds(key.expires_at) if key.HasField("expires_at") else None,
        permissions=frozenset(key.permissions),
        allowed_listings=frozenset(key.allowed_listings),
        limits=RateLimits(
            requests_per_second=key.requests_per_second or None,
            burst=key.burst,
            max_concurrency=key.max_concurrency if key.HasField("max_concurrency") else None,
        ),
        scopes=tuple(_scope(scope) for scope in key.scopes),
    )


def _scope(scope: keys_pb2.LimitedScope) -> LimitedScope:
    return LimitedScope(
        scope_id=scope.scope_id,
        kind=scope.kind,  # pyright: ignore[reportArgumentType] -- consumption's table checks the four kinds
        unit="tokens" if scope.unit == "tokens" else "nanodollars",
        limit=scope.limit,
        resets_at=microseconds(scope.resets_at) if scope.HasField("resets_at") else None,
    )


def microseconds(moment: Timestamp) -> int:
    """Microseconds since 1970 UTC."""
    return int(moment.ToDatetime(UTC).timestamp()) * 1_000_000 + moment.nanos // 1000
