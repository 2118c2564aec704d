"""An Embedder without a model: texts that share words are close; it can be told to fail or to be slow."""

import asyncio
import zlib
from collections.abc import Sequence

import numpy as np

from discovery.embeddings.errors import EmbedderUnavailable
from discovery.embeddings.ports import Vectors


class WordEmbedder:
    """Each word is a direction of its own, as far as 64 directions reach."""

    model_name = "words"
    dimensions = 64

    def __init__(self) -> None:
        self.ready = True
        self.broken = False
        self.delay = 0.0
        self.asked: list[list[str]] = []

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors; all zero for a text without words."""
        self.asked.append(list(texts))
        await asyncio.sleep(self.delay)
        if self.broken:
            raise EmbedderUnavailable("The fake was told to fail")
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.casefold().split():
                vectors[row, zlib.crc32(word.encode()) % self.dimensions] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)
