"""Keys: what they are made of, who may change what of them, and how a secret follows another."""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.errors import MarketplaceError
from chassis.identity.principal import Principal
from consumption.budgets.rules import Limit
from consumption.keys.actions import ChangeKey, CreateKey, IdentifyKey, RevokeKey, RotateKey, SecretMint
from consumption.keys.argon2_hasher import Argon2Hasher
from consumption.keys.errors import (
    BoundsGranted,
    ExpiryInThePast,
    KeyCheckBusy,
    KeyNotCollected,
    KeyNotFound,
    KeyOfSomebodyElse,
    KeyRevokedAlready,
    KeyRotatedAlready,
)
from consumption.keys.first_sight import FirstSight
from consumption.keys.ports import Deed, KnownKey
from consumption.keys.rules import (
    Key,
    NewSecret,
    Rates,
    digest_of,
    limits_of_key,
    new_secret,
    proof_of,
    rates_of,
    require_within,
)
from consumption.tiers.errors import AboveTier, TierUnknown
from consumption.tiers.rules import Tier

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CALLER = Principal("acc_1", frozenset(), "tea_1", "red", "member", 1, NOW + timedelta(minutes=15))
COLLEAGUE = replace(CALLER, account_id="acc_2")
LEADER = replace(COLLEAGUE, tenant_role="admin")
TIERS = {
    "standard": Tier("standard", 10, 20, max_concurrency=50),
    "premium": Tier("premium", 100, 200, tokens_per_minute=60_000, monthly_tokens=1_000_000),
}


class StoppedClock:
    def now(self) -> datetime:
        return NOW


class TiersInMemory:
    async def find(self, name: str) -> Tier:
        if name not in TIERS:
            raise TierUnknown("no such tier")
        return TIERS[name]

    async def all(self) -> list[Tier]:
        return list(TIERS.values())


@dataclass
class PlainHasher:
    """Hashes by adding a word; counts its checks."""

    checks: int = 0

    async def hash(self, secret: str) -> str:
        return f"hash of {secret}"

    async def matches(self, secret: str, secret_hash: str) -> bool:
        self.checks += 1
        await asyncio.sleep(0)
        return secret_hash == f"hash of {secret}"


@dataclass
class KeysInMemory:
    """A KeyStore and KeyFinder that are dictionaries."""

    keys: dict[str, Key] = field(default_factory=dict[str, Key])
    secrets: dict[str, list[NewSecret]] = field(default_factory=dict[str, list[NewSecret]])
    ends: dict[bytes, datetime] = field(default_factory=dict[bytes, datetime])
    limits: dict[str, list[Limit]] = field(default_factory=dict[str, list[Limit]])

    async def add(self, key: Key, secret: NewSecret, limits: list[Limit]) -> None:
        self.keys[key.key_id], self.secrets[key.key_id], self.limits[key.key_id] = key, [secret], limits

    async def find(self, team_id: str, key_id: str) -> Key:
        key = self.keys.get(key_id)
        if key is None or key.team_id != team_id:
            raise KeyNotFound("no such key")
        return key

    async def page(self, team_id: str, after: tuple[datetime, str] | None, at_most: int) -> list[Key]:
        return [key for key in self.keys.values() if key.team_id == team_id][:at_most]

    async def change(self, key: Key, limits: list[Limit], deed: Deed, changed: list[str]) -> None:
        self.keys[key.key_id], self.limits[key.key_id] = key, limits

    async def rotate(self, key: Key, secret: NewSecret, previous_ends_at: datetime, deed: Deed) -> None:
        self.ends[self.secrets[key.key_id][-1].digest] = previous_ends_at
        self.secrets[key.key_id].append(secret)
        self.keys[key.key_id] = replace(key, generation=key.generation + 1)

    async def revoke(self, team_id: str, key_id: str, deed: Deed) -> Key:
        self.keys[key_id] = replace(await self.find(team_id, key_id), state="revoked")
        return self.keys[key_id]

    async def by_digest(self, digest: bytes, now: datetime) -> KnownKey:
        for key_id, secrets in self.secrets.items():
            for secret in secrets:
                if secret.digest == digest:
                    key = self.keys[key_id]
                    return KnownKey(key, TIERS[key.tier], (), secret.proof_hash, self.ends.get(digest))
        raise KeyNotFound("no such key")


@dataclass
class Counting:
    """Bytes that differ with each draw."""

    draws: int = 0

    def __call__(self, count: int) -> bytes:
        self.draws += 1
        return bytes((self.draws + place) % 256 for place in range(count))


def mint() -> SecretMint:
    return SecretMint(PlainHasher(), b"pepper", Counting())


async def made(store: KeysInMemory, name: str = "laptop", **bounds: Any) -> tuple[Key, str]:
    return await CreateKey(store, TiersInMemory(), mint(), StoppedClock())(CALLER, name, bounds)


def changing(store: KeysInMemory) -> ChangeKey:
    return ChangeKey(store, TiersInMemory(), StoppedClock())


async def test_a_new_key_carries_256_bits_is_kept_as_a_digest_and_belongs_to_its_maker() -> None:
    store = KeysInMemory()
    key, secret = await made(store, monthly_tokens=500)
    assert secret.startswith("mkt-")
    assert len(secret) == len("mkt-") + 43
    [kept] = store.secrets[key.key_id]
    assert kept.digest == hmac.new(b"pepper", secret.encode(), hashlib.sha256).digest()
    assert kept.proof_hash == f"hash of {proof_of(secret, b'pepper')}"
    assert secret not in repr(store)
    assert (key.team_id, key.account_id, key.hint) == ("tea_1", "acc_1", f"mkt-...{secret[-4:]}")
    assert [limit.amount for limit in store.limits[key.key_id]] == [500, None]


async def test_an_expiry_in_the_past_is_refused_and_nothing_is_kept() -> None:
    store = KeysInMemory()
    with pytest.raises(ExpiryInThePast):
        await made(store, expires_at=NOW)
    assert store.keys == {}


async def test_bounds_hold_within_the_tier_and_what_asks_for_more_is_refused() -> None:
    store = KeysInMemory()
    key, _ = await made(store, tier="premium", requests_per_second=50.0, monthly_tokens=1_000_000)
    with pytest.raises(AboveTier, match="monthly tokens of"):
        await made(store, tier="premium", monthly_tokens=1_000_001)
    with pytest.raises(AboveTier, match="requests per second"):
        await changing(store)(CALLER, key.key_id, {"tier": "standard"})
    with pytest.raises(TierUnknown):
        await made(store, tier="platinum")
    assert list(store.keys.values()) == [key]


@pytest.mark.parametrize(
    ("own", "rates"),
    [
        ({}, Rates(100, 200, 60_000, None)),
        ({"requests_per_second": 5.0, "tokens_per_minute": 70_000}, Rates(5, 10, 60_000, None)),
        ({"requests_per_second": 0.1, "max_concurrency": 3, "tokens_per_minute": 9}, Rates(0.1, 1, 9, 3)),
        ({"requests_per_second": 500.0}, Rates(100, 200, 60_000, None)),
    ],
)
async def test_the_lesser_of_own_and_tiers_bound_is_in_force(own: dict[str, Any], rates: Rates) -> None:
    key, _ = await made(KeysInMemory(), tier="premium")
    assert rates_of(replace(key, **own), TIERS["premium"]) == rates


async def test_require_within_names_the_bound() -> None:
    key, _ = await made(KeysInMemory())
    require_within(replace(key, max_concurrency=50), TIERS["standard"])
    with pytest.raises(AboveTier) as refused:
        require_within(replace(key, max_concurrency=51), TIERS["standard"])
    assert refused.value.details["bound"] == "max_concurrency"


async def test_a_change_keeps_what_it_does_not_name_and_can_take_a_bound_away() -> None:
    store = KeysInMemory()
    key, _ = await made(store, monthly_tokens=500, tier="premium")
    changed = await changing(store)(CALLER, key.key_id, {"monthly_tokens": None, "name": "desk"})
    assert (changed.name, changed.tier, changed.monthly_tokens) == ("desk", "premium", None)
    assert store.limits[key.key_id] == limits_of_key(changed)


async def test_neither_a_revoked_key_nor_another_teams_key_can_be_changed_or_rotated() -> None:
    store = KeysInMemory()
    key, _ = await made(store)
    change, rotate = changing(store), RotateKey(store, mint(), StoppedClock())
    stranger = replace(CALLER, tenant="tea_2", tenant_role="owner")
    with pytest.raises(KeyNotFound):
        await change(stranger, key.key_id, {"name": "stolen"})
    with pytest.raises(KeyNotFound):
        await rotate(stranger, key.key_id, timedelta(0), None)
    with pytest.raises(KeyNotFound):
        await RevokeKey(store, StoppedClock())(stranger, key.key_id)
    assert (await RevokeKey(store, StoppedClock())(CALLER, key.key_id)).state == "revoked"
    with pytest.raises(KeyRevokedAlready):
        await change(CALLER, key.key_id, {"name": "again"})
    with pytest.raises(KeyRevokedAlready):
        await rotate(CALLER, key.key_id, timedelta(0), None)
    assert (await RevokeKey(store, StoppedClock())(CALLER, key.key_id)).state == "revoked"


async def test_members_touch_their_own_keys_and_leaders_all_of_the_teams() -> None:
    store = KeysInMemory()
    key, _ = await made(store)
    rotate = RotateKey(store, mint(), StoppedClock())
    for deed in (
        changing(store)(COLLEAGUE, key.key_id, {"name": "mine now"}),
        rotate(COLLEAGUE, key.key_id, timedelta(0), None),
        RevokeKey(store, StoppedClock())(COLLEAGUE, key.key_id),
    ):
        with pytest.raises(KeyOfSomebodyElse):
            await deed
    assert (await changing(store)(LEADER, key.key_id, {"name": "known"})).name == "known"
    assert (await rotate(LEADER, key.key_id, timedelta(0), None))[0].generation == 2
    assert (await RevokeKey(store, StoppedClock())(LEADER, key.key_id)).state == "revoked"


async def test_the_bounds_of_a_granted_key_stay_what_was_approved_and_its_name_does_not() -> None:
    store = KeysInMemory()
    key, _ = await made(store)
    store.keys[key.key_id] = replace(key, access_request_id="arq_1", allowed_listings=("lst_1",))
    for wider in ({"allowed_listings": ()}, {"monthly_tokens": 10**9}, {"expires_at": None, "tier": "premium"}):
        with pytest.raises(BoundsGranted):
            await changing(store)(LEADER, key.key_id, wider)
    assert (await changing(store)(CALLER, key.key_id, {"name": "granted"})).name == "granted"


async def test_a_rotated_key_has_a_new_secret_and_the_one_before_it_a_grace() -> None:
    store = KeysInMemory()
    key, first = await made(store)
    rotate = RotateKey(store, SecretMint(PlainHasher(), b"pepper", Counting(100)), StoppedClock())
    rotated, second, ends = await rotate(CALLER, key.key_id, timedelta(hours=1), 1)
    assert (rotated.generation, rotated.hint, ends) == (2, f"mkt-...{second[-4:]}", NOW + timedelta(hours=1))
    assert second != first
    assert store.ends == {digest_of(first, b"pepper"): ends}
    with pytest.raises(KeyRotatedAlready) as again:
        await rotate(CALLER, key.key_id, timedelta(hours=1), 1)
    assert again.value.details == {"generation": 2}
    assert len(store.secrets[key.key_id]) == 2


async def test_a_key_that_was_not_collected_yet_cannot_be_rotated() -> None:
    store = KeysInMemory()
    key, _ = await made(store)
    store.keys[key.key_id] = replace(key, generation=0)
    with pytest.raises(KeyNotCollected):
        await RotateKey(store, mint(), StoppedClock())(LEADER, key.key_id, timedelta(0), None)


async def test_a_key_is_known_by_digest_and_proof_and_checked_slowly_once() -> None:
    store, hasher = KeysInMemory(), PlainHasher()
    key, secret = await made(store)
    identify = IdentifyKey(store, FirstSight(hasher), StoppedClock())
    digest, proof = digest_of(secret, b"pepper"), bytes.fromhex(proof_of(secret, b"pepper"))
    found = await asyncio.gather(*(identify(digest, proof) for _ in range(5)))
    assert {known.key.key_id for known in found} == {key.key_id}
    await identify(digest, proof)
    assert hasher.checks == 1


async def test_a_digest_alone_and_a_wrong_pepper_admit_nobody_and_an_unknown_digest_costs_no_argon2() -> None:
    store, hasher = KeysInMemory(), PlainHasher()
    _, secret = await made(store)
    identify = IdentifyKey(store, FirstSight(hasher), StoppedClock())
    digest, wrong = digest_of(secret, b"pepper"), b"another pepper"
    for proof in (b"", digest, bytes.fromhex(proof_of(secret, wrong))):
        with pytest.raises(KeyNotFound):
            await identify(digest, proof)
    assert hasher.checks == 3
    with pytest.raises(KeyNotFound):
        await identify(digest_of(secret, wrong), bytes.fromhex(proof_of(secret, wrong)))
    assert hasher.checks == 3


async def test_argon2_knows_its_own_hash_and_refuses_what_would_wait_too_long() -> None:
    hasher = Argon2Hasher(threads=1, most_waiting=2)
    try:
        kept = await hasher.hash("proof")
        assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert await hasher.matches("proof", kept)
        assert not await hasher.matches("guess", kept)
        assert not await hasher.matches("proof", "no hash at all")
        many = await asyncio.gather(*(hasher.matches("proof", kept) for _ in range(5)), return_exceptions=True)
        assert [isinstance(one, KeyCheckBusy) for one in many] == [False, False, True, True, True]
        assert isinstance(many[-1], MarketplaceError)
        assert await hasher.matches("proof", kept)
    finally:
        hasher.close()


def test_digests_differ_by_pepper_and_by_every_character_and_from_their_proofs() -> None:
    secret = new_secret(Counting())
    digests = {digest_of(secret, b"one"), digest_of(secret, b"two"), digest_of(secret + "x", b"one")}
    assert len(digests | {bytes.fromhex(proof_of(secret, pepper)) for pepper in (b"one", b"two")}) == 5
