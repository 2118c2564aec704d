"""Who calls: the key in the request's headers, its digest, its record."""

import hmac
from dataclasses import dataclass

from dataplane.admission import key_refusal
from dataplane.ports import Headers, KeyRecords
from dataplane.records import KeyRecord
from dataplane.refusals import KeyInvalid, KeyMissing

_LONGEST_KEY = 256
_BEARER = b"bearer "
_KEY_HEADERS = (b"x-api-key", b"x-goog-api-key")


def key_digest(pepper: bytes, key: bytes) -> bytes:
    """HMAC-SHA256(pepper, key): all that is kept of a key of 256 random bits."""
    return hmac.digest(pepper, key, "sha256")


def key_in(headers: Headers) -> bytes:
    """The key of a request; raises KeyMissing or, for one that cannot be a key, KeyInvalid."""
    found = {name: value for name, value in headers if name == b"authorization" or name in _KEY_HEADERS}
    authorization = found.get(b"authorization", b"")
    key = authorization[len(_BEARER) :].strip() if authorization[: len(_BEARER)].lower() == _BEARER else b""
    for name in _KEY_HEADERS:
        key = key or found.get(name, b"").strip()
    if not key:
        raise KeyMissing("Send your API key as 'Authorization: Bearer <key>', x-api-key or x-goog-api-key.")
    if len(key) > _LONGEST_KEY:
        raise _invalid()
    return key


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Finds the record of the caller's key and checks that it opens the door."""

    keys: KeyRecords
    pepper: bytes

    async def __call__(self, headers: Headers, now: int) -> KeyRecord:
        """The caller's record; raises KeyMissing, KeyInvalid or KeyExpired."""
        record = await self.keys.by_digest(key_digest(self.pepper, key_in(headers)))
        if record is None:
            raise _invalid()
        refusal = key_refusal(record, now)
        if refusal is not None:
            raise refusal
        return record


def _invalid() -> KeyInvalid:
    return KeyInvalid("This API key is not valid. Create a key in your team and send it as a bearer token.")
