"""What the rest of discovery asks of a sentence embedder."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into vectors whose dot product says how close they are in meaning."""

    @property
    def model_name(self) -> str:
        """Names the model *and* its number format: vectors of two names are never compared."""
        ...

    @property
    def dimensions(self) -> int:
        """How long each vector is."""
        ...

    @property
    def ready(self) -> bool:
        """Whether `embed` can answer now; while it cannot, search answers by words alone."""
        ...

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector per text, in order; waits for the model to load; raises EmbedderUnavailable."""
        ...
