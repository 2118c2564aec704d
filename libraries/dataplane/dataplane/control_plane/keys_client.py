"""Key records from consumption, kept for seconds, forgotten at once when consumption says so."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import ErrorKind, MarketplaceError
from chassis.rpc.channel import Peer
from dataplane.control_plane.kept import Kept
from dataplane.records import KeyRecord, LimitedScope, RateLimits
from marketplace.consumption.v1 import keys_pb2
from marketplace.consumption.v1.keys_pb2_grpc import KeysStub

# How long a record is used while changes are heard, and while they are not.
FRESH_SECONDS = 30.0
DEAF_FRESH_SECONDS = 1.0
# Consumption beats every half second: after this silence the stream counts as broken.
SILENCE_SECONDS = 3.0
UNKNOWN_SECONDS = 2.0
# Longest time that calls go on with a record that consumption cannot confirm, because it is down.
STALE_SECONDS = 300.0
PAUSE_SECONDS = 0.5
_log = logging.getLogger("dataplane.keys")


@dataclass
class GrpcKeyRecords:
    """KeyRecords of the data plane.

    While consumption's changes are heard, a changed or revoked key is forgotten as they come. Where the stream breaks
    or falls silent, every record is asked for again, and each one again after a second, so that a revocation takes at
    most four: three of silence, one of use. Where consumption does not answer either, calls go on with what is known
    for five minutes at most and then wait for it (503); a key that is not known here is refused at once (503).
    """

    peer: Peer
    monotonic: Callable[[], float]
    kept: Kept[bytes, KeyRecord] = field(init=False)

    def __post_init__(self) -> None:
        self.kept = Kept(self.monotonic, DEAF_FRESH_SECONDS, UNKNOWN_SECONDS, STALE_SECONDS)

    @property
    def changes(self) -> int:
        """How often records were dropped or expired."""
        return self.kept.forgotten

    def known(self, digest: bytes, prove: Callable[[], bytes]) -> KeyRecord | None:
        """The record where it is fresh in memory."""
        return self.kept.known(digest, lambda: self._ask(digest, prove()))

    async def by_digest(self, digest: bytes, prove: Callable[[], bytes]) -> KeyRecord | None:
        """The record, or None for a key nobody made; raises where consumption is down and we know nothing."""
        return await self.kept.get(digest, lambda: self._ask(digest, prove()))

    async def forget_changed(self) -> None:
        """Follow consumption's stream of changed keys until cancelled; after a gap everything is asked for again."""
        stub = KeysStub(self.peer.channel)
        while True:
            request = keys_pb2.WatchKeyChangesRequest()
            stream = stub.WatchKeyChanges(request, metadata=self.peer.metadata(), wait_for_ready=True)
            try:
                await self._listen(stream)
            except grpc.aio.AioRpcError as error:
                _log.info("key changes are not heard: %s", error.code().name)
            except TimeoutError:
                _log.info("key changes are not heard: silence for %.0f s", SILENCE_SECONDS)
            finally:
                stream.cancel()
                self._hear(hears=False)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self, stream: Any) -> None:
        while True:
            async with asyncio.timeout(SILENCE_SECONDS):
                change = await stream.read()
            if change is grpc.aio.EOF:
                return
            if self.kept.fresh_seconds != FRESH_SECONDS:
                self._hear(hears=True)
            self._forget(change)

    def _hear(self, *, hears: bool) -> None:
        """What changed before now was not heard: ask again."""
        self.kept.fresh_seconds = FRESH_SECONDS if hears else DEAF_FRESH_SECONDS
        self.kept.expire_all()

    def _forget(self, change: keys_pb2.KeyChange) -> None:
        key_id, team_id = change.key_id, change.team_id
        if change.every_key:
            self.kept.expire_all()
        elif key_id:
            self.kept.drop(lambda record: record is not None and record.key_id == key_id)
        elif team_id:
            self.kept.drop(lambda record: record is not None and record.team_id == team_id)

    async def _ask(self, digest: bytes, proof: bytes) -> KeyRecord | None:
        stub = KeysStub(self.peer.channel)
        request = keys_pb2.GetKeyByDigestRequest(digest=digest, proof=proof)
        try:
            answer = await self.peer.ask(stub.GetKeyByDigest, request)
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
        allowed_models=frozenset(key.allowed_models),
        limits=RateLimits(
            requests_per_second=key.requests_per_second or None,
            burst=key.burst,
            tokens_per_minute=key.tokens_per_minute if key.HasField("tokens_per_minute") else None,
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
