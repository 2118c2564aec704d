"""From the listings that Elasticsearch found to a page: the same scores, facets and reasons as in process."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from discovery.indexing.document import ListingDocument
from discovery.indexing.rules import Viewer, may_see
from discovery.search.elasticsearch_words import Stems
from discovery.search.facets import counts_of, without_own_filter
from discovery.search.filters_matching import test_of_all
from discovery.search.intents import Intent, fulfilment, intents_of
from discovery.search.paging import page_of
from discovery.search.ports import FacetCount, Hit, Reason, SearchReply
from discovery.search.reasons import (
    SpelledTerms,
    intent_reasons,
    meaning_reason,
    standing_reasons,
    telling,
    words_reason,
)
from discovery.search.request import Facet, Position, SearchRequest, Sort
from discovery.search.rules import STATE_FACTOR, Evidence, is_about, relevance, sort_value
from discovery.search.text_fields import TEXT_FIELDS
from discovery.search.vector_space import NO_VECTOR
from discovery.search.words import Analyzer


@dataclass
class Found:
    """A listing and how well it fits: BM25F, and the cosine of its best passage (-1 without any)."""

    document: ListingDocument
    stems: Stems
    words: float = 0.0
    meaning: float = float(NO_VECTOR)


@dataclass(frozen=True)
class FoundAll:
    """What was found for one question; `compared`: whether meanings could be compared at all."""

    found: Sequence[Found]
    compared: bool
    # All that pass, where that is known without looking at each.
    total: int | None
    without_vectors: int


def reply_of(request: SearchRequest, viewer: Viewer, everything: FoundAll, analyzer: Analyzer) -> SearchReply:
    """The page that was asked for. Filters and visibility are tested again, whatever the index let through."""
    intents = intents_of(request.query)
    visible = [one for one in everything.found if may_see(viewer, one.document)]
    about = _about(request, visible, everything.compared, intents)
    passes = test_of_all(request.filters)
    found = [one for one in about if passes(one.document)]
    scores = _relevance(found, everything.compared, intents)
    values = scores
    if request.sort is not Sort.RELEVANCE:
        values = np.array([sort_value(one.document, 0.0, request.sort) for one in found], dtype=np.float64)
    ids = [one.document.id for one in found]
    page, more = page_of(values, ids, request.limit, request.after)
    terms = _spelled(request, analyzer)
    hits = tuple(
        Hit(found[place].document, float(scores[place]), _reasons(found[place], terms, intents)) for place in page
    )
    return SearchReply(
        hits,
        len(found) if everything.total is None else everything.total,
        Position(float(values[page[-1]]), ids[page[-1]]) if more else None,
        {facet: _facet(facet, request, about) for facet in request.facets},
        everything.without_vectors,
    )


def _about(
    request: SearchRequest, visible: Sequence[Found], compared: bool, intents: Sequence[Intent]
) -> Sequence[Found]:
    if not request.query.strip():
        return visible
    evidence = _evidence(visible, compared, intents)
    mask = is_about(evidence.words, evidence.meaning, evidence.intent)
    return [one for one, holds in zip(visible, mask, strict=True) if holds]


def _relevance(found: Sequence[Found], compared: bool, intents: Sequence[Intent]) -> npt.NDArray[np.float64]:
    return relevance(_evidence(found, compared, intents))


def _evidence(found: Sequence[Found], compared: bool, intents: Sequence[Intent]) -> Evidence:
    def column(values: list[float]) -> npt.NDArray[np.float32]:
        return np.array(values, dtype=np.float32)

    return Evidence(
        words=column([one.words for one in found]),
        meaning=column([one.meaning for one in found]) if compared else None,
        intent=column([fulfilment(one.document, tuple(intents)) for one in found]),
        popularity=column([one.document.popularity for one in found]),
        state=column([STATE_FACTOR[one.document.state] for one in found]),
    )


def _facet(facet: Facet, request: SearchRequest, about: Sequence[Found]) -> tuple[FacetCount, ...]:
    passes = test_of_all(without_own_filter(request.filters, facet))
    return counts_of(facet, [one.document for one in about if passes(one.document)])


def _spelled(request: SearchRequest, analyzer: Analyzer) -> SpelledTerms:
    spelling = analyzer.spelling(request.query)
    return [(spelling.get(term, term), term) for term in analyzer.query_terms(request.query)]


def _reasons(one: Found, terms: SpelledTerms, intents: Sequence[Intent]) -> tuple[Reason, ...]:
    matched = [(word, fields) for word, stem in telling(terms) if (fields := _fields_with(stem, one.stems))]
    reasons = (words_reason(matched, one.words), meaning_reason(one.meaning))
    return (
        *(reason for reason in reasons if reason is not None),
        *intent_reasons(one.document, intents),
        *standing_reasons(one.document),
    )


def _fields_with(stem: str, stems: Stems) -> tuple[str, ...]:
    return tuple(field.name for field, count in zip(TEXT_FIELDS, stems.of(stem), strict=True) if count)
