"""Keys: what they are made of, and what may be changed."""

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis.identity.principal import Principal
from consumption.budgets.rules import Limit
from consumption.keys.actions import ChangeKey, CreateKey, KeyWish
from consumption.keys.errors import ExpiryInThePast, KeyNotFound, KeyRevokedAlready
from consumption.keys.rules import Key, digest_of, limits_of_key, new_secret

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CALLER = Principal("acc_1", frozenset(), "tea_1", "red", "member", 1, NOW + timedelta(minutes=15))


class StoppedClock:
    def now(self) -> datetime:
        return NOW


class PlainHasher:
    async def hash(self, secret: str) -> str:
        return f"hash of {len(secret)} characters"


@dataclass
class KeysInMemory:
    """A KeyStore that is a dictionary."""

    keys: dict[str, Key] = field(default_factory=dict[str, Key])
    digests: dict[str, bytes] = field(default_factory=dict[str, bytes])
    limits: dict[str, list[Limit]] = field(default_factory=dict[str, list[Limit]])

    async def add(self, key: Key, digest: bytes, secret_hash: str, limits: list[Limit]) -> None:
        assert secret_hash == "hash of 47 characters"
        self.keys[key.key_id], self.digests[key.key_id], self.limits[key.key_id] = key, digest, limits

    async def find(self, team_id: str, key_id: str) -> Key:
        key = self.keys.get(key_id)
        if key is None or key.team_id != team_id:
            raise KeyNotFound("no such key")
        return key

    async def page(self, team_id: str, after: tuple[datetime, str] | None, at_most: int) -> list[Key]:
        return [key for key in self.keys.values() if key.team_id == team_id][:at_most]

    async def change(self, key: Key, limits: list[Limit], now: datetime) -> None:
        self.keys[key.key_id], self.limits[key.key_id] = key, limits

    async def revoke(self, team_id: str, key_id: str, now: datetime) -> Key:
        self.keys[key_id] = replace(await self.find(team_id, key_id), state="revoked")
        return self.keys[key_id]


def counting_bytes(count: int) -> bytes:
    return bytes(range(count))


async def made(store: KeysInMemory, wish: KeyWish) -> tuple[Key, str]:
    return await CreateKey(store, PlainHasher(), StoppedClock(), b"pepper", counting_bytes)(CALLER, wish)


async def test_a_new_key_carries_256_bits_is_kept_as_a_digest_and_belongs_to_its_maker() -> None:
    store = KeysInMemory()
    key, secret = await made(store, KeyWish("laptop", monthly_tokens=500))
    assert secret.startswith("mkt-")
    assert len(secret) == len("mkt-") + 43
    assert store.digests[key.key_id] == hmac.new(b"pepper", secret.encode(), hashlib.sha256).digest()
    assert secret not in repr(store)
    assert (key.team_id, key.account_id, key.hint) == ("tea_1", "acc_1", f"mkt-...{secret[-4:]}")
    assert [limit.amount for limit in store.limits[key.key_id]] == [500, None]


async def test_an_expiry_in_the_past_is_refused_and_nothing_is_kept() -> None:
    store = KeysInMemory()
    with pytest.raises(ExpiryInThePast):
        await made(store, KeyWish("late", expires_at=NOW))
    assert store.keys == {}


async def test_a_change_keeps_what_it_does_not_name_and_can_take_a_bound_away() -> None:
    store = KeysInMemory()
    key, _ = await made(store, KeyWish("laptop", monthly_tokens=500, tier="premium"))
    changed = await ChangeKey(store, StoppedClock())(CALLER, key.key_id, {"monthly_tokens": None, "name": "desk"})
    assert (changed.name, changed.tier, changed.monthly_tokens) == ("desk", "premium", None)
    assert store.limits[key.key_id] == limits_of_key(changed)


async def test_neither_a_revoked_key_nor_another_teams_key_can_be_changed() -> None:
    store = KeysInMemory()
    key, _ = await made(store, KeyWish("laptop"))
    change = ChangeKey(store, StoppedClock())
    with pytest.raises(KeyNotFound):
        await change(replace(CALLER, tenant="tea_2"), key.key_id, {"name": "stolen"})
    await store.revoke("tea_1", key.key_id, NOW)
    with pytest.raises(KeyRevokedAlready):
        await change(CALLER, key.key_id, {"name": "again"})


def test_digests_differ_by_pepper_and_by_every_character() -> None:
    secret = new_secret(counting_bytes)
    digests = {digest_of(secret, b"one"), digest_of(secret, b"two"), digest_of(secret + "x", b"one")}
    assert len(digests) == 3
