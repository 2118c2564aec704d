"""Which slots pass filters and how well they fulfil wishes, remembered until the next change of the index.

Each filter has a mask of its own: every facet leaves one filter out, and none of the others is tested again for it.
"""

from collections.abc import Sequence

import numpy as np

from discovery.indexing.rules import Viewer
from discovery.search.filters import Filters
from discovery.search.filters_matching import Single, set_in, test_of
from discovery.search.intents import Intent
from discovery.search.rules import Mask, Scores
from discovery.search.slots import Slots

_REMEMBERED = 256


class SlotMasks:
    """Made anew after each change; within one state of the index each mask is computed once."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._passing: dict[Single, Mask] = {}
        self._fits: dict[str, Scores] = {}

    def candidates(self, filters: Filters, viewer: Viewer) -> Mask:
        """What the viewer may see and the filters let through."""
        candidates = self._slots.visible_to(viewer)
        for single in set_in(filters):
            candidates &= self._passing_mask(single)
        return candidates

    def fulfilment(self, intents: Sequence[Intent]) -> Scores:
        """The average fit of each slot over the wishes."""
        fits = [self._fit(intent) for intent in intents]
        total: Scores = np.zeros(len(self._slots), dtype=np.float32)
        for fit in fits:
            total += fit / np.float32(len(fits))
        return total

    def _passing_mask(self, single: Single) -> Mask:
        known = self._passing.get(single)
        if known is not None:
            return known
        test = test_of(single)
        passing = [document is not None and test(document) for document in self._slots.documents]
        if len(self._passing) >= _REMEMBERED:
            self._passing.clear()
        return self._passing.setdefault(single, np.array(passing, dtype=np.bool_))

    def _fit(self, intent: Intent) -> Scores:
        known = self._fits.get(intent.wish)
        if known is not None:
            return known
        documents = self._slots.documents
        fits = [0.0 if document is None else intent.fit(document) for document in documents]
        if len(self._fits) >= _REMEMBERED:
            self._fits.clear()
        return self._fits.setdefault(intent.wish, np.array(fits, dtype=np.float32))
