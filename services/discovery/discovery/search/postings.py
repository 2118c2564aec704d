"""Words of the listings, by stem, in memory: added and dropped one listing at a time, scored by BM25F.

BM25F (Robertson, Zaragoza, Taylor 2004): a word's counts in the fields are weighted and discounted by the field's
length first and added up, then saturated once, so that a word in the name and in the description is not two finds.
"""

from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from discovery.search.text_fields import SATURATION, TEXT_FIELDS

Scores = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_FIELDS = len(TEXT_FIELDS)
_WEIGHTS = np.array([field.weight for field in TEXT_FIELDS], dtype=np.float32)
_DISCOUNTS = np.array([field.length_discount for field in TEXT_FIELDS], dtype=np.float32)
_MAX_COUNT = 255


def rarity(population: int, occurrences: int) -> np.float32:
    """What a word is worth: the more listings lack it, the more."""
    return np.float32(np.log1p((population - occurrences + 0.5) / (occurrences + 0.5)))


def averages_of(lengths: npt.ArrayLike) -> Scores:
    """The average length of each field, never 0."""
    averages: Scores = np.asarray(lengths, dtype=np.float32)
    return np.maximum(averages, np.float32(1e-6))


def saturated(counts: Scores, lengths: Scores, averages: Scores) -> Scores:
    """How much one word says about each listing, 0 to 1, from its counts and the lengths, a row a listing."""
    return _saturated(np.minimum(counts, _MAX_COUNT), _norms(lengths, averages))


def _norms(lengths: Scores, averages: Scores) -> Scores:
    norms: Scores = (np.float32(1) - _DISCOUNTS + _DISCOUNTS * lengths / averages).astype(np.float32, copy=False)
    return norms


def _saturated(counts: "npt.NDArray[Any]", norms: Scores) -> Scores:
    weighted = (counts * _WEIGHTS / norms).sum(axis=1)
    return weighted / (SATURATION + weighted)


class _Posting:
    """Where one stem occurs: slots in rising order, and a count per field for each."""

    __slots__ = ("counts", "slots")

    def __init__(self) -> None:
        self.slots = array("I")
        self.counts = bytearray()

    def slot_view(self) -> npt.NDArray[np.uint32]:
        return np.frombuffer(self.slots, dtype=np.uint32)

    def count_view(self) -> npt.NDArray[np.uint8]:
        return np.frombuffer(self.counts, dtype=np.uint8).reshape(-1, _FIELDS)

    def replace(self, slots: npt.NDArray[np.uint32], counts: npt.NDArray[np.uint8]) -> None:
        self.slots = array("I", slots.tobytes())
        self.counts = bytearray(counts.tobytes())


class Postings:
    """Slots only grow; the index that owns them says which are alive, and renumbers now and then."""

    def __init__(self) -> None:
        self._postings: dict[str, _Posting] = {}
        self._lengths: npt.NDArray[np.float32] = np.zeros((64, _FIELDS), dtype=np.float32)

    def add(self, slot: int, fields: Sequence[Sequence[str]]) -> None:
        """The stems of each field of the listing in a new, higher slot."""
        if slot >= len(self._lengths):
            self._lengths = np.concatenate([self._lengths, np.zeros_like(self._lengths)])
        self._lengths[slot] = [len(stems) for stems in fields]
        counts: dict[str, bytearray] = {}
        for number, stems in enumerate(fields):
            for stem, count in Counter(stems).items():
                counts.setdefault(stem, bytearray(_FIELDS))[number] = min(count, _MAX_COUNT)
        for stem, row in counts.items():
            posting = self._postings.setdefault(stem, _Posting())
            posting.slots.append(slot)
            posting.counts.extend(row)

    def score(self, stems: Sequence[str], alive: Mask) -> Scores:
        """BM25F of every slot for these stems; 0 where none occurs or the slot is dead."""
        scores: Scores = np.zeros(len(alive), dtype=np.float32)
        population = int(alive.sum())
        if population == 0:
            return scores
        norms = self._length_norms(alive)
        for stem in stems:
            posting = self._postings.get(stem)
            if posting is None:
                continue
            slots = posting.slot_view()
            occurrences = int(alive[slots].sum())
            scores[slots] += rarity(population, occurrences) * _saturated(posting.count_view(), norms[slots])
        scores[~alive] = 0
        return scores

    def fields_with(self, stem: str, slot: int) -> tuple[str, ...]:
        """The names of the fields of one listing in which the stem occurs."""
        posting = self._postings.get(stem)
        if posting is None:
            return ()
        slots = posting.slot_view()
        place = int(np.searchsorted(slots, slot))
        if place == len(slots) or slots[place] != slot:
            return ()
        counts = posting.count_view()[place]
        return tuple(field.name for field, count in zip(TEXT_FIELDS, counts, strict=True) if count)

    def renumber(self, new_slots: npt.NDArray[np.int64]) -> None:
        """Drops the slots that map to -1 and renames the others; the order must not change."""
        for stem in list(self._postings):
            posting = self._postings[stem]
            moved = new_slots[posting.slot_view()]
            kept = moved >= 0
            if kept.any():
                posting.replace(moved[kept].astype(np.uint32), posting.count_view()[kept])
            else:
                del self._postings[stem]
        lengths = self._lengths[: len(new_slots)][new_slots >= 0]
        self._lengths = np.concatenate([lengths, np.zeros((64, _FIELDS), dtype=np.float32)])

    def _length_norms(self, alive: Mask) -> Scores:
        lengths = self._lengths[: len(alive)]
        return _norms(lengths, averages_of(lengths[alive].mean(axis=0)))
