"""The signing key as others see it, and Argon2 as it runs."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.admin import NOON

from admin.accounts.argon2_hashing import Argon2Passwords
from admin.accounts.errors import HashingBusy
from admin.accounts.rules import Account
from admin.sessions.signing import SigningKey
from admin.teams.rules import Membership
from chassis.identity.access_tokens import AccessTokens, TokenRefused, public_key_of
from chassis.identity.issuer_client import AccountEpochs

# RFC 8037, appendix A: the key and its thumbprint.
SECRET = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_key_id_is_the_thumbprint_of_the_public_key() -> None:
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SECRET)))
    assert key.key_id == key.jwk()["kid"] == THUMBPRINT
    assert key.jwk()["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert public_key_of(key.public_pem) == key.public_key


async def test_tokens_hold_for_their_key_and_their_time_alone() -> None:
    key, other = SigningKey(Ed25519PrivateKey.generate()), SigningKey(Ed25519PrivateKey.generate())
    account = Account("acc_a", "a@x.test", "A", frozenset({"viewer"}), "active", 3, NOON)
    membership = Membership("tea_r", "red", "Red", "owner")
    now = datetime.now(UTC)
    fresh, old = key.sign(account, membership, now), key.sign(account, membership, now - timedelta(minutes=16))
    principal = await AccessTokens(key, AccountEpochs()).verify(fresh)
    assert (principal.tenant, principal.tenant_role, principal.epoch) == ("tea_r", "owner", 3)
    for keys, token in ((key, old), (other, fresh)):
        with pytest.raises(TokenRefused):
            await AccessTokens(keys, AccountEpochs()).verify(token)


async def test_a_password_matches_its_own_hash_alone_and_nobodys_never() -> None:
    passwords = Argon2Passwords(threads=1)
    try:
        hashed = await passwords.hash("Größe-und-Länge-7")
        assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        # Written with combining marks, it is still the same password.
        decomposed = "Gro\u0308\u00dfe-und-La\u0308nge-7"
        assert await passwords.matches(decomposed, hashed)
        assert not await passwords.matches("something else", hashed)
        assert not await passwords.matches("nobody has this password", None)
        assert not await passwords.matches("x", "not a hash")
    finally:
        passwords.close()


async def test_too_many_at_once_are_told_to_come_back() -> None:
    passwords = Argon2Passwords(threads=1, most_waiting=2)
    try:
        answers = await asyncio.gather(*(passwords.hash(f"password {n}") for n in range(4)), return_exceptions=True)
    finally:
        passwords.close()
    assert [type(answer) for answer in answers].count(HashingBusy) == 2
