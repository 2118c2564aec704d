"""An Embedder that remembers the vectors of what was asked lately: the same needs come again and again."""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from discovery.embeddings.ports import Embedder, Vectors


class CachedEmbedder:
    """Keeps the `capacity` texts used last (1.5 kB each at 384 dimensions); meant for queries, not for documents."""

    def __init__(self, inner: Embedder, capacity: int) -> None:
        self._inner = inner
        self._capacity = capacity
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self.hits = 0
        self.misses = 0

    @property
    def model_name(self) -> str:
        """The inner model's name."""
        return self._inner.model_name

    @property
    def dimensions(self) -> int:
        """The inner model's dimensions."""
        return self._inner.dimensions

    @property
    def ready(self) -> bool:
        """Whether the inner model is ready; a cached text alone does not make it so."""
        return self._inner.ready

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Asks the inner embedder once for all texts it does not remember."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        self.misses += len(missing)
        self.hits += len(texts) - len(missing)
        found = {text: self._known[text] for text in texts if text in self._known}
        if missing:
            found.update(zip(missing, await self._inner.embed(missing), strict=True))
        for text in dict.fromkeys(texts):
            self._remember(text, found[text])
        return np.stack([found[text] for text in texts]) if texts else np.empty((0, self.dimensions), np.float32)

    def _remember(self, text: str, vector: Vectors) -> None:
        self._known[text] = vector
        self._known.move_to_end(text)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)
