"""The Keys door: what the data plane asks about a key."""

import asyncio
from collections.abc import AsyncIterator

from chassis.clock import Clock
from chassis.event_log.port import RecordedEvent
from chassis.rpc.server import Context
from consumption.budgets.rules import month_of
from consumption.keys.events import CHANGED, REVOKED
from consumption.keys.ports import KeyFinder
from consumption.keys.rules import TIERS, Key, limits_of_key
from marketplace.consumption.v1 import keys_pb2
from marketplace.consumption.v1.keys_pb2_grpc import KeysServicer

MAX_WAITING_CHANGES = 10_000


class KeyChanges:
    """Hands key ids whose records must be forgotten to everybody who watches."""

    def __init__(self) -> None:
        self._watchers: set[asyncio.Queue[str]] = set()

    async def take(self, event: RecordedEvent) -> None:
        """Take one event of the key topic."""
        if event.type in {CHANGED, REVOKED}:
            for watcher in self._watchers:
                if not watcher.full():
                    watcher.put_nowait(event.key)

    async def watch(self) -> AsyncIterator[str]:
        """Key ids from now on."""
        mine: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING_CHANGES)
        self._watchers.add(mine)
        try:
            while True:
                yield await mine.get()
        finally:
            self._watchers.discard(mine)


class KeysDoor(KeysServicer):
    """Translates questions about keys."""

    def __init__(self, keys: KeyFinder, changes: KeyChanges, clock: Clock) -> None:
        self._keys = keys
        self._changes = changes
        self._clock = clock

    async def GetKeyByDigest(
        self, request: keys_pb2.GetKeyByDigestRequest, context: Context
    ) -> keys_pb2.GetKeyByDigestResponse:
        """The record of a key."""
        key = await self._keys.by_digest(request.digest)
        return keys_pb2.GetKeyByDigestResponse(key=self._record(key))

    async def WatchKeyChanges(
        self, request: keys_pb2.WatchKeyChangesRequest, context: Context
    ) -> AsyncIterator[keys_pb2.KeyChange]:
        """Ids of changed keys, until either side ends it."""
        async for key_id in self._changes.watch():
            yield keys_pb2.KeyChange(key_id=key_id)

    def _record(self, key: Key) -> keys_pb2.KeyRecord:
        tier = TIERS[key.tier]
        record = keys_pb2.KeyRecord(
            key_id=key.key_id,
            team_id=key.team_id,
            team_slug=key.team_slug,
            account_id=key.account_id,
            name=key.name,
            allowed_listings=key.allowed_listings,
            state=key.state,
            requests_per_second=tier.requests_per_second,
            burst=tier.burst,
            permissions=["call"],
            max_concurrency=key.max_concurrency,
        )
        if key.expires_at is not None:
            record.expires_at.FromDatetime(key.expires_at)
        month = month_of(self._clock.now())
        for limit in limits_of_key(key):
            if limit.amount is not None:
                scope = record.scopes.add(scope_id=limit.scope_id, kind=limit.kind, unit=limit.unit, limit=limit.amount)
                scope.resets_at.FromDatetime(month.end)
        return record
