"""One question to the in-process index: candidates, scores, page, facets, reasons."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from discovery.embeddings.ports import Vectors
from discovery.indexing.document import ListingDocument
from discovery.indexing.rules import Viewer
from discovery.search.facets import counts_of, without_own_filter
from discovery.search.intents import Intent, intents_of
from discovery.search.paging import page_of
from discovery.search.ports import FacetCount, Hit, Reason, SearchReply
from discovery.search.postings import Postings
from discovery.search.reasons import (
    SpelledTerms,
    intent_reasons,
    meaning_reason,
    standing_reasons,
    telling,
    words_reason,
)
from discovery.search.request import Facet, Position, SearchRequest, Sort
from discovery.search.rules import Evidence, Mask, Scores, is_about, relevance, sort_value
from discovery.search.slot_masks import SlotMasks
from discovery.search.slots import Slots
from discovery.search.vector_space import NO_VECTOR

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class QueryRun:
    """Everything known about one question; arrays run over the slots."""

    request: SearchRequest
    viewer: Viewer
    slots: Slots
    masks: SlotMasks
    words: Scores
    meaning: Vectors | None

    def reply(self, terms: SpelledTerms, postings: Postings) -> SearchReply:
        """The page that was asked for."""
        intents = intents_of(self.request.query)
        fulfilment = self.masks.fulfilment(intents)
        about = self._about(fulfilment)
        candidates = self.masks.candidates(self.request.filters, self.viewer)
        found = np.flatnonzero(candidates & about)
        scores = self._relevance(found, fulfilment)
        documents = self._documents(found)
        values = self._sort_values(documents, scores)
        ids = [document.id for document in documents]
        page, more = page_of(values, ids, self.request.limit, self.request.after)
        hits = tuple(
            Hit(documents[place], float(scores[place]), self._reasons(int(found[place]), terms, intents, postings))
            for place in page
        )
        following = Position(float(values[page[-1]]), ids[page[-1]]) if more else None
        facets = self._facets(about, documents)
        return SearchReply(hits, len(found), following, facets, self._without_vectors(candidates))

    def _without_vectors(self, candidates: Mask) -> int:
        lacking = candidates if self.meaning is None else candidates & (self.meaning == NO_VECTOR)
        return int(np.count_nonzero(lacking))

    def _about(self, fulfilment: Scores) -> Mask:
        if not self.request.query.strip():
            return np.ones(len(self.slots), dtype=np.bool_)
        return is_about(self.words, self.meaning, fulfilment)

    def _relevance(self, found: Places, fulfilment: Scores) -> npt.NDArray[np.float64]:
        return relevance(
            Evidence(
                words=self.words[found],
                meaning=None if self.meaning is None else self.meaning[found],
                intent=fulfilment[found],
                popularity=self.slots.popularity[found],
                state=self.slots.state[found],
            )
        )

    def _documents(self, places: Places) -> list[ListingDocument]:
        documents = self.slots.documents
        return [document for place in places if (document := documents[int(place)]) is not None]

    def _sort_values(
        self, documents: Sequence[ListingDocument], scores: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        if self.request.sort is Sort.RELEVANCE:
            return scores
        return np.array([sort_value(document, 0.0, self.request.sort) for document in documents], dtype=np.float64)

    def _facets(self, about: Mask, found: list[ListingDocument]) -> dict[Facet, tuple[FacetCount, ...]]:
        counts: dict[Facet, tuple[FacetCount, ...]] = {}
        for facet in self.request.facets:
            loosened = without_own_filter(self.request.filters, facet)
            documents = found
            if loosened != self.request.filters:
                documents = self._documents(np.flatnonzero(self.masks.candidates(loosened, self.viewer) & about))
            counts[facet] = counts_of(facet, documents)
        return counts

    def _reasons(
        self, slot: int, terms: SpelledTerms, intents: Sequence[Intent], postings: Postings
    ) -> tuple[Reason, ...]:
        document = self.slots.documents[slot]
        if document is None:
            return ()
        matched = [(word, fields) for word, stem in telling(terms) if (fields := postings.fields_with(stem, slot))]
        meaning = None if self.meaning is None else float(self.meaning[slot])
        reasons = (words_reason(matched, float(self.words[slot])), meaning_reason(meaning))
        return (
            *(reason for reason in reasons if reason is not None),
            *intent_reasons(document, intents),
            *standing_reasons(document),
        )
