"""Who calls: the key in the request's headers, its digest, its record."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from dataplane.admission import key_refusal
from dataplane.ports import Headers, KeyRecords
from dataplane.records import KeyRecord
from dataplane.refusals import KeyInvalid, KeyMissing

_LONGEST_KEY = 256
_BEARER = b"bearer "
_PROOF = b"proof\0"
_KEY_HEADERS = (b"x-api-key", b"x-goog-api-key")


def key_digest(pepper: bytes, key: bytes) -> bytes:
    """HMAC-SHA256(pepper, key): what a key of 256 random bits is found by, here and at rest."""
    return hmac.digest(pepper, key, "sha256")


def key_proof(pepper: bytes, key: bytes) -> bytes:
    """HMAC-SHA256(pepper, "proof" NUL key): shows that the asker holds the key and not its digest alone.

    Sent where a key is seen for the first time; at rest there is only its Argon2id hash.
    """
    return hmac.digest(pepper, _PROOF + key, "sha256")


def key_in(headers: Headers) -> bytes:
    """The key of a request; raises KeyMissing or, for one that cannot be a key, KeyInvalid."""
    key = other = b""
    for name, value in headers:
        if name == b"authorization" and value[: len(_BEARER)].lower() == _BEARER:
            key = value[len(_BEARER) :].strip()
        elif name in _KEY_HEADERS:
            other = other or value.strip()
    key = key or other
    if not key:
        raise KeyMissing("Send your API key as 'Authorization: Bearer <key>', x-api-key or x-goog-api-key.")
    if len(key) > _LONGEST_KEY:
        raise _invalid()
    return key


@dataclass(frozen=True, slots=True)
class SentKey:
    """A key as a request carried it; `prove` makes the proof that it is held."""

    digest: bytes
    prove: Callable[[], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Finds the record of the caller's key and checks that it opens the door."""

    keys: KeyRecords
    pepper: bytes

    def sent(self, key: bytes) -> "SentKey":
        """The key with its digest, which what follows asks by; the digest costs more than the look-up."""
        return SentKey(key_digest(self.pepper, key), lambda: key_proof(self.pepper, key))

    def known(self, key: "SentKey", now: int) -> KeyRecord | None:
        """The key's record where it is in memory, else None; raises KeyInvalid or KeyExpired."""
        record = self.keys.known(key.digest, key.prove)
        return None if record is None else _that_opens(record, now)

    async def __call__(self, key: "SentKey", now: int) -> KeyRecord:
        """The key's record; raises KeyInvalid or KeyExpired."""
        record = await self.keys.by_digest(key.digest, key.prove)
        if record is None:
            raise _invalid()
        return _that_opens(record, now)


def _that_opens(record: KeyRecord, now: int) -> KeyRecord:
    refusal = key_refusal(record, now)
    if refusal is not None:
        raise refusal
    return record


def _invalid() -> KeyInvalid:
    return KeyInvalid("This API key is not valid. Create a key in your team and send it as a bearer token.")
