"""The Keys door: what the data plane asks about a key."""

from collections.abc import AsyncIterator

from chassis.clock import Clock
from chassis.rpc.server import Context
from consumption.budgets.rules import month_of
from consumption.keys.actions import IdentifyKey
from consumption.keys.key_changes import KeyChanges
from consumption.keys.ports import KnownKey
from consumption.keys.rules import rates_of
from marketplace.consumption.v1 import keys_pb2
from marketplace.consumption.v1.keys_pb2_grpc import KeysServicer


class KeysDoor(KeysServicer):
    """Translates questions about keys."""

    def __init__(self, identify: IdentifyKey, changes: KeyChanges, clock: Clock) -> None:
        self._identify = identify
        self._changes = changes
        self._clock = clock

    async def GetKeyByDigest(
        self, request: keys_pb2.GetKeyByDigestRequest, context: Context
    ) -> keys_pb2.GetKeyByDigestResponse:
        """The record of a key."""
        known = await self._identify(request.digest, request.proof)
        return keys_pb2.GetKeyByDigestResponse(key=self._record(known))

    async def WatchKeyChanges(
        self, request: keys_pb2.WatchKeyChangesRequest, context: Context
    ) -> AsyncIterator[keys_pb2.KeyChange]:
        """What to forget, until either side ends it."""
        async for change in self._changes.watch():
            yield change

    def _record(self, known: KnownKey) -> keys_pb2.KeyRecord:
        key, rates = known.key, rates_of(known.key, known.tier)
        record = keys_pb2.KeyRecord(
            key_id=key.key_id,
            team_id=key.team_id,
            team_slug=key.team_slug,
            account_id=key.account_id,
            name=key.name,
            allowed_listings=key.allowed_listings,
            allowed_models=key.allowed_models,
            permissions=key.permissions,
            state=key.state,
            requests_per_second=rates.requests_per_second,
            burst=rates.burst,
            tokens_per_minute=rates.tokens_per_minute,
            max_concurrency=rates.max_concurrency,
        )
        ends = [moment for moment in (key.expires_at, known.ends_at) if moment is not None]
        if ends:
            record.expires_at.FromDatetime(min(ends))
        month = month_of(self._clock.now())
        for limit in known.limits:
            scope = record.scopes.add(scope_id=limit.scope_id, kind=limit.kind, unit=limit.unit, limit=limit.amount)
            scope.resets_at.FromDatetime(month.end)
        return record
