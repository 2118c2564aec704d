"""Service tokens: who signed them, for whom, until when; one that held is not looked at again, yet ends in time."""

import time
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis.clock import SystemClock
from chassis.identity.access_tokens import LEEWAY, TokenRefused
from chassis.identity.service_tokens import LIFETIME, ServiceCaller, ServiceTokenIssuer, ServiceTokenVerifier

_KEY = Ed25519PrivateKey.generate()


class _Ago:
    """A clock that is behind."""

    def __init__(self, behind: timedelta) -> None:
        self._behind = behind

    def now(self) -> datetime:
        return datetime.now(UTC) - self._behind


def _verifier() -> ServiceTokenVerifier:
    return ServiceTokenVerifier("consumption", {"gateway": _KEY.public_key()})


def test_a_token_names_its_service_and_its_user_each_time() -> None:
    issuer, verifier = ServiceTokenIssuer("gateway", _KEY, SystemClock()), _verifier()
    for account_id in (None, "acc_1", None, "acc_2"):
        token = issuer.token_for("consumption", account_id)
        for _ in range(2):
            assert verifier.verify(token) == ServiceCaller("gateway", account_id)


def test_a_token_that_held_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    issuer, verifier = ServiceTokenIssuer("gateway", _KEY, SystemClock()), _verifier()
    plain, named = issuer.token_for("consumption"), issuer.token_for("consumption", "acc_1")
    verifier.verify(plain)
    verifier.verify(named)
    looked_at: list[str] = []
    decode = jwt.decode
    monkeypatch.setattr(
        jwt, "decode", lambda token, *args, **named: looked_at.append(token) or decode(token, *args, **named)
    )
    assert verifier.verify(plain).service == "gateway"
    assert not looked_at
    verifier.verify(named)
    assert looked_at


def test_a_token_that_held_ends_with_its_time() -> None:
    verifier = _verifier()
    token = ServiceTokenIssuer("gateway", _KEY, _Ago(LIFETIME + LEEWAY - timedelta(seconds=1.5))).token_for(
        "consumption"
    )
    assert verifier.verify(token).service == "gateway"
    time.sleep(2.6)
    with pytest.raises(TokenRefused):
        verifier.verify(token)


@pytest.mark.parametrize("service", ["gateway", "stranger"])
def test_what_others_signed_or_is_for_others_is_refused_however_often_it_comes(service: str) -> None:
    verifier = _verifier()
    forged = ServiceTokenIssuer(service, Ed25519PrivateKey.generate(), SystemClock()).token_for("consumption")
    elsewhere = ServiceTokenIssuer("gateway", _KEY, SystemClock()).token_for("publishing")
    held = ServiceTokenIssuer("gateway", _KEY, SystemClock()).token_for("consumption")
    verifier.verify(held)
    for token in (forged, elsewhere, held[:-4] + "AAAA", held + "A", ""):
        for _ in range(2):
            with pytest.raises(TokenRefused):
                verifier.verify(token)
