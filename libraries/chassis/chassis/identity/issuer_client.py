"""What a service knows of the issuer of access tokens: its public keys and the withdrawn epochs, kept in memory."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.clock import Clock
from chassis.errors import MarketplaceError
from chassis.event_log.consuming import follow
from chassis.event_log.port import EventLog, RecordedEvent
from chassis.identity.access_tokens import public_key_of
from chassis.rpc.channel import Peer
from marketplace.admin.v1 import identity_pb2
from marketplace.admin.v1.identity_pb2_grpc import IdentityStub
from marketplace.events.v1 import identity_pb2 as identity_events

TOPIC = "marketplace.identity.v1"
ASK_AGAIN_AFTER = timedelta(seconds=5)
LONGEST_TOKEN_LIFE = timedelta(hours=1)

Answer = TypeVar("Answer")


class IssuerKeys:
    """Public keys by id; an unknown id makes us ask the issuer, at most every few seconds."""

    def __init__(self, peer: Peer, clock: Clock) -> None:
        self._stub = IdentityStub(peer.channel)
        self._peer = peer
        self._clock = clock
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._next_question = clock.now()

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """The key, or None where the issuer does not know it."""
        if key_id not in self._keys and self._clock.now() >= self._next_question:
            await self._ask()
        return self._keys.get(key_id)

    async def _ask(self) -> None:
        answer = await self._peer.ask(self._stub.ListVerificationKeys, identity_pb2.ListVerificationKeysRequest())
        self._keys = {key.key_id: public_key_of(key.public_key_pem) for key in answer.keys}
        self._next_question = self._clock.now() + ASK_AGAIN_AFTER


class AccountEpochs:
    """The least epoch of each account that was locked, demoted or signed out while tokens of it may still live."""

    def __init__(self) -> None:
        self._least: dict[str, int] = {}

    def least(self, account_id: str) -> int:
        """0 where nothing is known against the account."""
        return self._least.get(account_id, 0)

    def advance(self, account_id: str, epoch: int) -> None:
        """An epoch never goes back."""
        self._least[account_id] = max(epoch, self.least(account_id))

    async def take(self, event: RecordedEvent) -> None:
        """Take one event of the identity topic."""
        if event.type == identity_events.AccountEpochAdvanced.DESCRIPTOR.full_name:
            fact = identity_events.AccountEpochAdvanced.FromString(event.data)
            self.advance(fact.account_id, fact.epoch)


def epoch_follower(
    log: EventLog, peer: Peer, clock: Clock, epochs: AccountEpochs, pause: Callable[[float], Awaitable[None]]
) -> Callable[[], Awaitable[None]]:
    """A task that learns the recent epochs from the issuer once, then follows the events."""

    async def run() -> None:
        start = await _until_answered(lambda: log.head(TOPIC), pause)
        stub = IdentityStub(peer.channel)
        since = Timestamp()
        since.FromDatetime(clock.now() - LONGEST_TOKEN_LIFE)
        answer = await _until_answered(
            lambda: peer.ask(stub.ListRecentEpochs, identity_pb2.ListRecentEpochsRequest(since=since)), pause
        )
        for row in answer.epochs:
            epochs.advance(row.account_id, row.epoch)
        await follow(log, TOPIC, start, epochs.take)

    return run


async def _until_answered(ask: Callable[[], Awaitable[Answer]], pause: Callable[[float], Awaitable[None]]) -> Answer:
    while True:
        try:
            return await ask()
        except MarketplaceError:
            await pause(0.5)
