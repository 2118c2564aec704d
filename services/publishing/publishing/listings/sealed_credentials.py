"""Vendor credentials at rest: AES-256-GCM, bound to one version and one host so that no row can be moved to another."""

import base64
import binascii
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from chassis.errors import ErrorKind, MarketplaceError
from publishing.listings.errors import CredentialUnreadable

# The first byte names the scheme, so that a later key or cipher can be told apart.
_SCHEME = b"\x01"
_NONCE_BYTES = 12
_KEY_BYTES = 32


class SealingKeyRefused(MarketplaceError):
    """The configured key is not 32 bytes in base64 (either alphabet)."""

    code = "sealing_key_refused"
    kind = ErrorKind.INVALID


class CredentialSeal:
    """Seals and opens credentials. `random_bytes` makes nonces."""

    def __init__(self, key: SecretStr, random_bytes: Callable[[int], bytes]) -> None:
        text = key.get_secret_value().strip().rstrip("=").replace("-", "+").replace("_", "/")
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != _KEY_BYTES:
            raise SealingKeyRefused("PUBLISHING_CREDENTIAL_KEY must be 32 random bytes in base64.")
        self._cipher = AESGCM(raw)
        self._random_bytes = random_bytes

    def seal(self, credential: SecretStr, version_id: str, host: str) -> bytes:
        """The credential as stored; `host` is host:port of the endpoint it may travel to."""
        nonce = self._random_bytes(_NONCE_BYTES)
        text = credential.get_secret_value().encode()
        return _SCHEME + nonce + self._cipher.encrypt(nonce, text, _bound(version_id, host))

    def open(self, sealed: bytes, version_id: str, host: str) -> SecretStr:
        """The credential. Raises CredentialUnreadable where key, version or host is another."""
        nonce, text = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            if sealed[:1] != _SCHEME:
                raise InvalidTag
            return SecretStr(self._cipher.decrypt(nonce, text, _bound(version_id, host)).decode())
        except (InvalidTag, ValueError):
            raise CredentialUnreadable(f"The credential of {version_id} does not open with this key.") from None


def _bound(version_id: str, host: str) -> bytes:
    return f"{version_id}\n{host}".encode()
