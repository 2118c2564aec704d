"""Which slots pass filters and how well they fulfil wishes, remembered until the next change of the index."""

from collections.abc import Sequence

import numpy as np

from discovery.indexing.rules import Viewer
from discovery.search.filters import Filters
from discovery.search.filters_matching import tests_of
from discovery.search.intents import Intent
from discovery.search.rules import Mask, Scores
from discovery.search.slots import Slots

_REMEMBERED = 64


class SlotMasks:
    """Made anew after each change; within one state of the index each mask is computed once."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._passing: dict[Filters, Mask] = {}
        self._fits: dict[str, Scores] = {}

    def candidates(self, filters: Filters, viewer: Viewer) -> Mask:
        """What the viewer may see and the filters let through."""
        visible = self._slots.visible_to(viewer)
        return visible if filters == Filters() else visible & self._passing_mask(filters)

    def fulfilment(self, intents: Sequence[Intent]) -> Scores:
        """The average fit of each slot over the wishes."""
        fits = [self._fit(intent) for intent in intents]
        total: Scores = np.zeros(len(self._slots), dtype=np.float32)
        for fit in fits:
            total += fit / np.float32(len(fits))
        return total

    def _passing_mask(self, filters: Filters) -> Mask:
        known = self._passing.get(filters)
        if known is not None:
            return known
        tests = tests_of(filters)
        documents = self._slots.documents
        passing = [document is not None and all(test(document) for test in tests) for document in documents]
        if len(self._passing) >= _REMEMBERED:
            self._passing.clear()
        return self._passing.setdefault(filters, np.array(passing, dtype=np.bool_))

    def _fit(self, intent: Intent) -> Scores:
        known = self._fits.get(intent.wish)
        if known is not None:
            return known
        documents = self._slots.documents
        fits = [0.0 if document is None else intent.fit(document) for document in documents]
        if len(self._fits) >= _REMEMBERED:
            self._fits.clear()
        return self._fits.setdefault(intent.wish, np.array(fits, dtype=np.float32))
