"""Tokens by which services prove themselves to each other: EdDSA, one minute, naming caller, callee and user."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chassis.clock import Clock
from chassis.identity.access_tokens import ALGORITHM, LEEWAY, TokenRefused

LIFETIME = timedelta(seconds=60)
RENEW_BEFORE = timedelta(seconds=20)
_MOST_HELD = 1024


@dataclass(frozen=True)
class ServiceCaller:
    """A service that proved its name, and the account on whose behalf it asks, if any."""

    service: str
    account_id: str | None


class ServiceTokenIssuer:
    """Signs this service's tokens; a token without a user is used again until shortly before it ends."""

    def __init__(self, service: str, key: Ed25519PrivateKey, clock: Clock) -> None:
        self._service = service
        self._key = key
        self._clock = clock
        self._kept: dict[str, tuple[datetime, str]] = {}

    def token_for(self, audience: str, account_id: str | None = None) -> str:
        """A token that `audience` will accept from us."""
        now = self._clock.now()
        if account_id is not None:
            return self._sign(audience, account_id, now)
        renew_at, token = self._kept.get(audience, (now, ""))
        if now >= renew_at:
            token = self._sign(audience, None, now)
            self._kept[audience] = (now + LIFETIME - RENEW_BEFORE, token)
        return token

    def _sign(self, audience: str, account_id: str | None, now: datetime) -> str:
        claims: dict[str, Any] = {"iss": self._service, "aud": audience, "iat": now, "exp": now + LIFETIME}
        if account_id is not None:
            claims["sub"] = account_id
        return jwt.encode(claims, self._key, algorithm=ALGORITHM)


class ServiceTokenVerifier:
    """Checks tokens of other services against their public keys; one that names no user is looked at once."""

    def __init__(self, service: str, trusted: dict[str, Ed25519PublicKey]) -> None:
        self._service = service
        self._trusted = trusted
        # With the moment until which each holds: a service sends the same one again for most of a minute.
        self._held: dict[str, tuple[float, ServiceCaller]] = {}

    def verify(self, token: str) -> ServiceCaller:
        """The caller. Raises TokenRefused."""
        until, held = self._held.get(token, (0.0, None))
        if held is not None and time.time() < until:
            return held
        issuer, claims = self._decoded(token)
        caller = ServiceCaller(service=issuer, account_id=claims.get("sub"))
        if caller.account_id is None:
            if len(self._held) >= _MOST_HELD:
                self._held.clear()
            self._held[token] = claims["exp"] + LEEWAY.total_seconds(), caller
        return caller

    def _decoded(self, token: str) -> tuple[str, dict[str, Any]]:
        try:
            issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss"))
            claims = jwt.decode(
                token,
                self._trusted[issuer],
                algorithms=[ALGORITHM],
                audience=self._service,
                issuer=issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "aud", "iss"]},
            )
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            raise TokenRefused("The service token does not hold.") from None
        return issuer, claims
