"""Access tokens of people: short-lived EdDSA JWTs (RFC 7519, RFC 8037), one algorithm, checked everywhere."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from pydantic import SecretStr

from chassis.errors import ErrorKind, MarketplaceError, Unauthenticated
from chassis.identity.principal import Principal

ALGORITHM = "EdDSA"
ISSUER = "marketplace"
AUDIENCE = "marketplace"
LEEWAY = timedelta(seconds=5)
MAX_TOKEN_BYTES = 8192


class TokenRefused(Unauthenticated):
    """The token is malformed, forged, expired or withdrawn; the message does not say which part failed."""

    code = "token_refused"


class KeyRefused(MarketplaceError):
    """A configured key is not an Ed25519 PEM."""

    code = "key_refused"
    kind = ErrorKind.INVALID


class VerificationKeys(Protocol):
    """Public keys by key id."""

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """The key, or None where nobody issued one of that id."""
        ...


class Epochs(Protocol):
    """The least epoch that an account's tokens must have."""

    def least(self, account_id: str) -> int:
        """0 where nothing is known against the account."""
        ...


def private_key_of(pem: SecretStr) -> Ed25519PrivateKey:
    """The private key of a PEM. Raises KeyRefused."""
    try:
        key = load_pem_private_key(pem.get_secret_value().encode(), password=None)
    except ValueError:
        raise KeyRefused("A private key is not readable: give an Ed25519 key as PEM.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyRefused("A private key is not an Ed25519 key.")
    return key


def public_key_of(pem: str) -> Ed25519PublicKey:
    """The public key of a PEM. Raises KeyRefused."""
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        raise KeyRefused("A public key is not readable: give an Ed25519 key as PEM.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyRefused("A public key is not an Ed25519 key.")
    return key


def sign_access_token(key: Ed25519PrivateKey, key_id: str, principal: Principal, now: datetime) -> str:
    """A token that carries the principal until its `expires_at`."""
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": principal.account_id,
        "iat": now,
        "exp": principal.expires_at,
        "roles": sorted(principal.roles),
        "tenant": principal.tenant,
        "tenant_slug": principal.tenant_slug,
        "tenant_role": principal.tenant_role,
        "epoch": principal.epoch,
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": key_id})


class AccessTokens:
    """Checks access tokens against the issuer's keys and the accounts' epochs."""

    def __init__(self, keys: VerificationKeys, epochs: Epochs) -> None:
        self._keys = keys
        self._epochs = epochs

    async def verify(self, token: str) -> Principal:
        """The principal of a token. Raises TokenRefused."""
        key_id = _key_id_of(token)
        key = await self._keys.find(key_id)
        if key is None:
            raise TokenRefused("The access token does not hold: sign in again.")
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
            principal = _principal_of(claims)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            raise TokenRefused("The access token does not hold: sign in again.") from None
        if not self.still_holds(principal):
            raise TokenRefused("The access token was withdrawn: sign in again.")
        return principal

    def still_holds(self, principal: Principal) -> bool:
        """Whether a verified token has not been withdrawn since: what answers for long asks again and again."""
        return principal.epoch >= self._epochs.least(principal.account_id)


def _key_id_of(token: str) -> str:
    if len(token) > MAX_TOKEN_BYTES:
        raise TokenRefused("The access token does not hold: sign in again.")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        raise TokenRefused("The access token does not hold: sign in again.") from None
    key_id = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(key_id, str):
        raise TokenRefused("The access token does not hold: sign in again.")
    return key_id


def _principal_of(claims: Mapping[str, Any]) -> Principal:
    return Principal(
        account_id=str(claims["sub"]),
        roles=frozenset(str(role) for role in claims["roles"]),
        tenant=claims["tenant"],
        tenant_slug=claims["tenant_slug"],
        tenant_role=claims["tenant_role"],
        epoch=int(claims["epoch"]),
        expires_at=datetime.fromtimestamp(int(claims["exp"]), UTC),
    )
