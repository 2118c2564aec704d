"""The slow check of a key when this process sees it for the first time, and never again."""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass, field

from consumption.keys.ports import SecretHasher

MOST_REMEMBERED = 20_000


@dataclass
class FirstSight:
    """Whether a proof belongs to a key's Argon2id hash; a proof that held is remembered by its SHA-256.

    What each part protects. The digest, HMAC-SHA256(pepper, key), finds the row; who reads the table learns no key from
    it, for a key is 256 random bits. The proof is another HMAC of the key, kept only as Argon2id: so a digest alone,
    read from a table or a log, opens nothing even to somebody who can ask this service as the gateway does. The pepper
    is in neither table: with a wrong one no digest is found and no proof holds. An unknown digest never comes here,
    so that guessing costs the guesser a look-up and this process no Argon2.
    """

    hasher: SecretHasher
    _held: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    _checks: dict[bytes, "asyncio.Task[bool]"] = field(default_factory=dict[bytes, "asyncio.Task[bool]"])

    async def __call__(self, digest: bytes, proof_hash: str, proof: bytes) -> bool:
        """Whether the proof holds. Raises KeyCheckBusy."""
        mark = hashlib.sha256(proof_hash.encode() + b"\0" + proof).digest()
        held = self._held.get(digest)
        if held is not None and hmac.compare_digest(held, mark):
            return True
        right = await asyncio.shield(self._check(mark, proof_hash, proof))
        if right:
            if len(self._held) >= MOST_REMEMBERED:
                del self._held[next(iter(self._held))]
            self._held[digest] = mark
        return right

    def _check(self, mark: bytes, proof_hash: str, proof: bytes) -> "asyncio.Task[bool]":
        """One check at a time for the same proof, however many ask."""
        check = self._checks.get(mark)
        if check is None:
            check = asyncio.create_task(self._run(proof_hash, proof))
            self._checks[mark] = check
            check.add_done_callback(lambda _: self._checks.pop(mark, None))
        return check

    async def _run(self, proof_hash: str, proof: bytes) -> bool:
        return await self.hasher.matches(proof.hex(), proof_hash)
