"""Keys from making to revoking: by the routes of people, as the gateway sees them."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from fixtures.consumption_shop import PEPPER, Shop, Shopper, eventually
from fixtures.marketplace_database import ProvisionedServer

from chassis.database.errors import RowRefused
from chassis.database.pool import Database
from chassis.errors import MarketplaceError
from consumption.keys.errors import KeyNotFound
from consumption.keys.records_store import PostgresKeyRecords
from consumption.keys.rules import digest_of
from dataplane.control_plane.keys_client import DEAF_FRESH_SECONDS, FRESH_SECONDS, GrpcKeyRecords
from dataplane.key_check import Authenticate
from dataplane.records import KeyRecord
from marketplace.consumption.v1.keys_pb2 import GetKeyByDigestRequest
from marketplace.consumption.v1.keys_pb2_grpc import KeysStub

KEYS = "/api/v1/keys"
LISTING = "lst_" + "0" * 32


class Gateway:
    """A gateway's way from a secret to a record."""

    def __init__(self, records: GrpcKeyRecords, pepper: str = PEPPER) -> None:
        self.records = records
        self._authenticate = Authenticate(records, pepper.encode())

    async def knows(self, secret: str) -> KeyRecord:
        """The record. Raises KeyInvalid, KeyExpired."""
        return await self._authenticate(self._authenticate.sent(secret.encode()), time.time_ns() // 1000)

    async def refusal(self, secret: str) -> str:
        """The code of the refusal, or nothing."""
        try:
            await self.knows(secret)
        except MarketplaceError as error:
            return error.code
        return ""


@pytest.fixture
async def gateway(shop: Shop) -> AsyncIterator[Gateway]:
    """A gateway that hears of changes."""
    async with shop.gateway() as peer:
        records = GrpcKeyRecords(peer, time.monotonic)
        following = asyncio.ensure_future(records.forget_changed())
        found = Gateway(records)
        await hearing(found, FRESH_SECONDS)
        try:
            yield found
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def hearing(gateway: Gateway, fresh_seconds: float) -> None:
    """Wait until the gateway hears of changes, or does not any more."""

    async def so() -> bool:
        return gateway.records.kept.fresh_seconds == fresh_seconds

    await eventually(so)


async def refused_soon(gateway: Gateway, secret: str) -> str:
    """The code once the secret is refused."""
    await eventually(lambda: gateway.refusal(secret))
    return await gateway.refusal(secret)


async def made(person: Shopper, **bounds: object) -> dict[str, str]:
    return await person.good("POST", KEYS, {"name": "test", **bounds})


async def test_what_bounds_a_key_arrives_at_the_gateway_and_so_does_each_change(shop: Shop, gateway: Gateway) -> None:
    owner = shop.person()
    key = await made(
        owner,
        tier="premium",
        permissions=["call"],
        allowed_listings=[LISTING],
        allowed_models=["team1/chat@1.*", "gpt-4o"],
        requests_per_second=50,
        tokens_per_minute=9000,
        max_concurrency=4,
        monthly_token_quota=500,
        monthly_budget="1.5",
    )
    record = await gateway.knows(key["key"])
    assert (record.permissions, record.allowed_listings) == (frozenset({"call"}), frozenset({LISTING}))
    assert record.allowed_models == frozenset({"team1/chat@1.*", "gpt-4o"})
    rates = record.limits
    assert (rates.requests_per_second, rates.burst, rates.tokens_per_minute, rates.max_concurrency) == (
        50,
        100,
        9000,
        4,
    )
    assert [(scope.unit, scope.limit) for scope in record.scopes] == [("tokens", 500), ("nanodollars", 1_500_000_000)]
    nothing = {"allowed_listings": [], "allowed_models": [], "monthly_budget": None, "requests_per_second": None}
    changed = await owner.good("PATCH", f"{KEYS}/{key['id']}", {**nothing, "permissions": ["models:read", "call"]})
    assert changed["permissions"] == ["call", "models:read"]

    async def follows() -> bool:
        return not (await gateway.knows(key["key"])).allowed_models

    await eventually(follows)
    record = await gateway.knows(key["key"])
    assert (record.allowed_models, record.limits.requests_per_second) == (frozenset(), 100)
    assert [scope.unit for scope in record.scopes] == ["tokens"]


@pytest.mark.parametrize(
    ("bounds", "code"),
    [
        ({"permissions": ["call", "admin"]}, "invalid_input"),
        ({"permissions": []}, "invalid_input"),
        ({"allowed_models": ["gpt-*"]}, "invalid_input"),
        ({"allowed_models": ["team one/chat"]}, "invalid_input"),
        ({"requests_per_second": 11}, "above_tier"),
        ({"requests_per_second": 0}, "invalid_input"),
        ({"tier": "platinum"}, "tier_unknown"),
        ({"generation": 3}, "invalid_input"),
        ({"state": "active"}, "invalid_input"),
    ],
)
async def test_a_bound_that_cannot_be_is_refused_by_name(shop: Shop, bounds: dict[str, object], code: str) -> None:
    owner = shop.person(team=2)
    assert await owner.refused("POST", KEYS, {"name": "bad", **bounds}) == (422, code)
    assert (await owner.good("GET", KEYS))["items"] == []


async def test_after_a_rotation_both_secrets_work_until_the_grace_ends(shop: Shop, gateway: Gateway) -> None:
    owner = shop.person(team=3)
    key = await made(owner)
    first = key["key"]
    assert await gateway.knows(first)
    rotated = await owner.good("POST", f"{KEYS}/{key['id']}/rotate", {"grace_seconds": 2, "generation": 1})
    second = rotated["key"]
    assert (rotated["generation"], rotated["hint"]) == (2, f"mkt-...{second[-4:]}")
    assert (await gateway.knows(second)).key_id == (await gateway.knows(first)).key_id == key["id"]
    assert await refused_soon(gateway, first) in {"expired_api_key", "invalid_api_key"}
    assert datetime.now(UTC) >= datetime.fromisoformat(rotated["previous_ends_at"])
    assert await gateway.refusal(second) == ""


async def test_a_second_rotation_in_the_grace_ends_the_oldest_secret_and_a_repeated_one_is_refused(
    shop: Shop, gateway: Gateway
) -> None:
    owner = shop.person(team=3)
    key = await made(owner)
    path = f"{KEYS}/{key['id']}/rotate"
    secrets = [key["key"]]
    for generation in (1, 2):
        answer = await owner.good("POST", path, {"grace_seconds": 3600, "generation": generation})
        secrets.append(answer["key"])
        assert await owner.refused("POST", path, {"generation": generation}) == (409, "key_rotated")
    assert await refused_soon(gateway, secrets[0])
    assert [await gateway.refusal(secret) for secret in secrets[1:]] == ["", ""]
    assert await owner.refused("POST", path, {"grace_seconds": 7 * 86_400 + 1}) == (422, "invalid_input")


async def test_of_many_rotations_at_once_each_generation_comes_once(shop: Shop, gateway: Gateway) -> None:
    owner = shop.person(team=3)
    key = await made(owner)
    path = f"{KEYS}/{key['id']}/rotate"
    answers = await asyncio.gather(*(owner.ask("POST", path, {"generation": 1}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert (await owner.good("GET", f"{KEYS}/{key['id']}"))["generation"] == 2


async def test_revoking_ends_both_secrets_at_once(shop: Shop, gateway: Gateway) -> None:
    owner = shop.person(team=3)
    key = await made(owner)
    rotated = await owner.good("POST", f"{KEYS}/{key['id']}/rotate", {})
    for secret in (key["key"], rotated["key"]):
        assert await gateway.knows(secret)
    assert (await owner.good("DELETE", f"{KEYS}/{key['id']}"))["state"] == "revoked"
    for secret in (key["key"], rotated["key"]):
        assert await refused_soon(gateway, secret) == "invalid_api_key"
    assert await owner.refused("POST", f"{KEYS}/{key['id']}/rotate", {}) == (409, "key_revoked")


async def test_a_revocation_arrives_although_the_stream_broke_and_a_door_that_is_away_leaves_known_keys_working(
    shop: Shop, gateway: Gateway
) -> None:
    owner = shop.person(team=4)
    revoked, other = await made(owner), await made(owner)
    for key in (revoked, other):
        assert await gateway.knows(key["key"])
    await shop.close_door()
    await hearing(gateway, DEAF_FRESH_SECONDS)
    await owner.good("DELETE", f"{KEYS}/{revoked['id']}")
    assert await gateway.refusal(other["key"]) == ""
    assert await gateway.refusal("mkt-never-seen-before") not in {"", "invalid_api_key"}
    await shop.open_door()
    assert await refused_soon(gateway, revoked["key"]) == "invalid_api_key"
    assert await gateway.refusal(other["key"]) == ""
    await hearing(gateway, FRESH_SECONDS)


async def test_a_digest_without_its_proof_and_a_gateway_with_another_pepper_get_nothing(shop: Shop) -> None:
    key = await made(shop.person(team=5))
    digest = digest_of(key["key"], PEPPER.encode())
    async with shop.gateway() as peer:
        for proof in (b"", digest, b"x" * 32):
            with pytest.raises(MarketplaceError) as refused:
                await peer.ask(KeysStub(peer.channel).GetKeyByDigest, GetKeyByDigestRequest(digest=digest, proof=proof))
            assert refused.value.code == "key_not_found"
        records = GrpcKeyRecords(peer, time.monotonic)
        assert await Gateway(records, "another pepper of more than thirty-two").refusal(key["key"]) == "invalid_api_key"
        assert await Gateway(records).refusal(key["key"]) == ""


async def test_a_key_from_before_the_proofs_still_works_and_has_one_after_its_rotation(
    shop: Shop, gateway: Gateway, marketplace_database: ProvisionedServer
) -> None:
    owner = shop.person(team=6)
    key = await made(owner)
    async with (
        Database.open(marketplace_database.url("consumption_migrator"), name="test", size=1) as database,
        database.transaction() as transaction,
    ):
        await transaction.execute("ALTER TABLE consumption.key_secrets NO FORCE ROW LEVEL SECURITY")
        await transaction.execute("UPDATE consumption.key_secrets SET proof_hash = NULL WHERE key_id = $1", key["id"])
        await transaction.execute("ALTER TABLE consumption.key_secrets FORCE ROW LEVEL SECURITY")
    assert await gateway.refusal(key["key"]) == ""
    rotated = await owner.good("POST", f"{KEYS}/{key['id']}/rotate", {"grace_seconds": 0})
    assert await gateway.refusal(rotated["key"]) == ""
    assert await refused_soon(gateway, key["key"])


async def test_the_role_that_serves_people_reads_no_digest_and_touches_no_other_teams_secret(
    shop: Shop, marketplace_database: ProvisionedServer
) -> None:
    key = await made(shop.person(team=7))
    async with Database.open(marketplace_database.url("consumption_runtime"), name="test", size=1) as database:
        for statement in ("SELECT digest FROM key_secrets", "SELECT proof_hash FROM key_secrets"):
            with pytest.raises(RowRefused):
                async with database.transaction(shop.person(team=7).principal.tenant) as transaction:
                    await transaction.fetch(statement)
        async with database.transaction(shop.person(team=8).principal.tenant) as transaction:
            assert await transaction.fetch("SELECT generation FROM key_secrets") == []
            assert await transaction.execute("UPDATE key_secrets SET ends_at = now()") == "UPDATE 0"
    async with Database.open(marketplace_database.url("consumption_worker"), name="test", size=1) as database:
        records = PostgresKeyRecords(database)
        now = datetime.now(UTC)
        assert (await records.by_digest(digest_of(key["key"], PEPPER.encode()), now)).ends_at is None
        with pytest.raises(KeyNotFound):
            await records.by_digest(b"nobody", now)


async def test_members_reach_their_own_keys_leaders_the_teams_and_nobody_another_teams(shop: Shop) -> None:
    maker, member = shop.person(team=9, role="member", account=1), shop.person(team=9, role="member", account=2)
    leader, stranger = shop.person(team=9, role="admin", account=3), shop.person(team=10)
    key = await made(maker)
    path = f"{KEYS}/{key['id']}"
    deeds: list[tuple[str, str, object]] = [
        ("PATCH", path, {"name": "taken"}),
        ("POST", f"{path}/rotate", {}),
        ("DELETE", path, None),
    ]
    for deed in deeds:
        assert await member.refused(*deed) == (403, "key_of_somebody_else")
        assert await stranger.refused(*deed) == (404, "key_not_found")
    for deed in deeds:
        await leader.good(*deed)


async def test_two_changes_at_once_do_not_undo_each_other(shop: Shop) -> None:
    owner = shop.person(team=11)
    key = await made(owner)
    bodies = [{"max_concurrency": 3}, {"tokens_per_minute": 100}, {"name": "third"}]
    answers = await asyncio.gather(*(owner.ask("PATCH", f"{KEYS}/{key['id']}", body) for body in bodies))
    after = await owner.good("GET", f"{KEYS}/{key['id']}")
    for body, answer in zip(bodies, answers, strict=True):
        assert answer.status_code == 200 or answer.json()["code"] == "key_changed"
        [(name, value)] = body.items()
        assert (after[name] == value) == (answer.status_code == 200)


async def test_a_key_that_expires_is_refused_and_its_expiry_can_be_moved_only_ahead(
    shop: Shop, gateway: Gateway
) -> None:
    owner = shop.person(team=12)
    key = await made(owner, expires_at=(datetime.now(UTC) + timedelta(seconds=1.5)).isoformat())
    assert await gateway.refusal(key["key"]) == ""
    assert await refused_soon(gateway, key["key"]) == "expired_api_key"
    past = {"expires_at": "2020-01-01T00:00:00Z"}
    assert await owner.refused("PATCH", f"{KEYS}/{key['id']}", past) == (422, "expiry_in_the_past")
    await owner.good("PATCH", f"{KEYS}/{key['id']}", {"expires_at": None})

    async def works() -> bool:
        return await gateway.refusal(key["key"]) == ""

    await eventually(works)
