"""How a score comes about; the same on every index.

Measured (tests/performance/bench_search.py): 0.3 words + 0.7 meaning, each scaled by the best of the query, beats
either alone, and does as well as scaling between least and best.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from discovery.indexing.document import ListingDocument, State
from discovery.search.request import Sort

Scores = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

WORDS_WEIGHT = 0.3
MEANING_WEIGHT = 0.7
# Of 80 first hits for needs with wishes, 31 fulfil them all at 0, 55 at 0.3, 65 at 0.5; higher drowns the meaning.
INTENT_WEIGHT = 0.5
POPULARITY_WEIGHT = 0.05
# The popularity that earns half of the weight: a hundred recent uses.
POPULAR = 100.0
# The cosine of two texts that have nothing to do with each other.
MEANING_NOTHING = 0.1
# Below this cosine a listing is not about the need at all.
MEANING_FLOOR = 0.2
# A wish that fits this well makes a listing an answer even without a word in common.
FULFILLED = 0.5
STATE_FACTOR = {State.PUBLISHED: 1.0, State.CATALOGUE_ONLY: 0.95, State.DEPRECATED: 0.6, State.RETIRED: 0.0}
# A finer difference is noise of the arithmetic and must not decide an order.
DECIMALS = 6
UNKNOWN_PRICE = -1e18


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """What is known per candidate, as parallel arrays. `meaning` is None without a model, NO_VECTOR (-1) per gap."""

    words: Scores
    meaning: Scores | None
    intent: Scores
    popularity: Scores
    state: Scores


def scaled(values: Scores, nothing: float) -> Scores:
    """To 0..1 between `nothing` and the best value of this query; all 0 where none passes `nothing`.

    The least value takes no part, so that an index that knows only its best hits gives the same scores.
    """
    best = values.max(initial=nothing)
    if best - nothing < 1e-9:
        return np.zeros_like(values)
    return np.maximum(values - nothing, 0) / (best - nothing)


def relevance(evidence: Evidence) -> npt.NDArray[np.float64]:
    """The score of each candidate; one without a vector is judged by its words alone."""
    words = scaled(evidence.words, 0)
    base = words
    if evidence.meaning is not None:
        known = evidence.meaning > -1
        meaning = np.zeros_like(words)
        meaning[known] = scaled(evidence.meaning[known], MEANING_NOTHING)
        base = np.where(known, WORDS_WEIGHT * words + MEANING_WEIGHT * meaning, words)
    liked = POPULARITY_WEIGHT * evidence.popularity / (evidence.popularity + POPULAR)
    total = (base + INTENT_WEIGHT * evidence.intent + liked) * evidence.state
    return np.round(total.astype(np.float64), DECIMALS)


def is_about(words: Scores, meaning: Scores | None, intent: Scores) -> Mask:
    """Which candidates answer a query at all: a word in common, close enough in meaning, or a wish that fits."""
    found = (words > 0) | (intent >= FULFILLED)
    return found if meaning is None else found | (meaning >= MEANING_FLOOR)


def sort_value(document: ListingDocument, score: float, sort: Sort) -> float:
    """What the hits are ordered by, highest first."""
    match sort:
        case Sort.RELEVANCE:
            return score
        case Sort.POPULARITY:
            return document.popularity
        case Sort.RATING:
            return document.rating.average or 0.0
        case Sort.NEWEST:
            return document.updated_at.timestamp()
        case Sort.PRICE:
            return _cheapness(document)


def _cheapness(document: ListingDocument) -> float:
    price = blended_price(document)
    return UNKNOWN_PRICE if price is None else -price


def blended_price(document: ListingDocument) -> float | None:
    """Three parts input, one part output, in nano-dollars per million tokens; None where either is unknown."""
    pricing = document.pricing
    if pricing.input_price is None or pricing.output_price is None:
        return None
    return (3 * pricing.input_price + pricing.output_price) / 4
