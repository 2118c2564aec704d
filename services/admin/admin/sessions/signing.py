"""Signs access tokens, and shows the public half of the key to whoever checks them."""

import base64
import hashlib
import json
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from admin.accounts.rules import Account
from admin.sessions.rules import ACCESS_TOKEN_LIFE
from admin.teams.rules import Membership
from chassis.identity.access_tokens import ALGORITHM, sign_access_token
from chassis.identity.principal import Principal


class SigningKey:
    """One Ed25519 key; its id is the thumbprint of its public half (RFC 7638), so that it needs no register."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self.public_key: Ed25519PublicKey = private_key.public_key()
        raw = self.public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._coordinate = _base64url(raw)
        members = {"crv": "Ed25519", "kty": "OKP", "x": self._coordinate}
        self.key_id = _base64url(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())

    @property
    def public_pem(self) -> str:
        """The public half as PEM."""
        return self.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def jwk(self) -> dict[str, str]:
        """The public half as a JSON Web Key (RFC 8037)."""
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": self._coordinate,
            "kid": self.key_id,
            "use": "sig",
            "alg": ALGORITHM,
        }

    def sign(self, account: Account, membership: Membership | None, now: datetime) -> str:
        """A token that carries the account's roles and its place in one team."""
        principal = Principal(
            account_id=account.account_id,
            roles=account.roles,
            tenant=membership.team_id if membership else None,
            tenant_slug=membership.slug if membership else None,
            tenant_role=membership.role if membership else None,
            epoch=account.epoch,
            expires_at=now + ACCESS_TOKEN_LIFE,
        )
        return sign_access_token(self._private_key, self.key_id, principal, now)

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """The public key, for checking tokens in this very process."""
        return self.public_key if key_id == self.key_id else None


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
