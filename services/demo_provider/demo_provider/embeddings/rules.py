"""Vectors out of words alone: texts that share words are near each other, and nothing more is claimed.

Feature hashing: each word adds a signed one to eight places that its digest names (Weinberger et al., 2009).
"""

import base64
import hashlib
import math
import re
import struct
from collections.abc import Sequence

DEFAULT_DIMENSIONS = 256
PLACES = 8
_WORD = re.compile(r"\w+")


def embed(text: str | Sequence[int], dimensions: int) -> list[float]:
    """A unit vector; the same for the same words in any order and case."""
    words = _WORD.findall(text.lower()) if isinstance(text, str) else [str(token) for token in text]
    vector = [0.0] * dimensions
    for word in words or ["(nothing)"]:
        digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4 * PLACES).digest()
        for number in struct.unpack(f">{PLACES}I", digest):
            vector[(number >> 1) % dimensions] += 1.0 if number & 1 else -1.0
    return _unit(vector)


def _unit(vector: list[float]) -> list[float]:
    length = math.sqrt(sum(value * value for value in vector))
    if length == 0.0:
        return [1.0, *[0.0] * (len(vector) - 1)]
    return [value / length for value in vector]


def as_base64(vector: Sequence[float]) -> str:
    """Little-endian 32-bit floats, as OpenAI's client asks for them."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
