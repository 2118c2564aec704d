"""The passages' vectors of one model, compared exactly; a listing is as close as its best passage."""

from array import array
from bisect import bisect_left

import numpy as np
import numpy.typing as npt

from discovery.embeddings.ports import Vectors

NO_VECTOR = np.float32(-1)
_SPARE_ROWS = 64


class VectorSpace:
    """Rows in the order of the slots, so that the best passage is one pass over the products."""

    def __init__(self, dimensions: int) -> None:
        self._rows: Vectors = np.empty((_SPARE_ROWS, dimensions), dtype=np.float32)
        self._used = 0
        self._slots = array("I")
        self._starts = array("I")

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def dimensions(self) -> int:
        """The length that each vector must have."""
        return self._rows.shape[1]

    def add(self, slot: int, vectors: Vectors) -> None:
        """The passages of the listing in a new, higher slot."""
        end = self._used + len(vectors)
        if end > len(self._rows):
            grown = np.empty((max(end, 2 * len(self._rows)), self.dimensions), dtype=np.float32)
            grown[: self._used] = self._rows[: self._used]
            self._rows = grown
        self._rows[self._used : end] = vectors
        self._slots.append(slot)
        self._starts.append(self._used)
        self._used = end

    def closeness(self, vector: Vectors, slot_count: int) -> Vectors:
        """The cosine of each slot's best passage; NO_VECTOR where the slot has none here."""
        result: Vectors = np.full(slot_count, NO_VECTOR, dtype=np.float32)
        if self._used:
            products = self._rows[: self._used] @ vector
            best = np.maximum.reduceat(products, np.frombuffer(self._starts, dtype=np.uint32))
            result[np.frombuffer(self._slots, dtype=np.uint32)] = best
        return result

    def vectors_of(self, slot: int) -> Vectors | None:
        """A copy of one slot's passages; None where it has none here."""
        place = bisect_left(self._slots, slot)
        if place == len(self._slots) or self._slots[place] != slot:
            return None
        end = self._starts[place + 1] if place + 1 < len(self._starts) else self._used
        return self._rows[self._starts[place] : end].copy()

    def renumber(self, new_slots: npt.NDArray[np.int64]) -> "VectorSpace":
        """A space with the slots renamed and those that map to -1 dropped."""
        moved = VectorSpace(self.dimensions)
        ends = [*self._starts[1:], self._used]
        for slot, start, end in zip(self._slots, self._starts, ends, strict=True):
            if new_slots[slot] >= 0:
                moved.add(int(new_slots[slot]), self._rows[start:end])
        return moved
