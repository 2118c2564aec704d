"""Why a listing was found, in words that a person can use."""

from collections.abc import Sequence

from discovery.indexing.document import ListingDocument, State
from discovery.search.intents import Intent
from discovery.search.ports import Reason

# The cosines of MiniLM between a need and a text about it lie roughly between .2 and .7.
_CLOSE = 0.5
_RELATED = 0.3
_FULFILLED = 0.5
# Nearly every listing has them, so that they tell nobody why this one was found.
_SAY_LITTLE = frozenset({"ai", "api", "llm", "llms", "model", "models", "service", "services"})
# A word as typed, and its stem.
SpelledTerms = Sequence[tuple[str, str]]


def telling(terms: SpelledTerms) -> SpelledTerms:
    """The words of a query that can be a reason; all of them where none says more than the others."""
    return [term for term in terms if term[0].casefold() not in _SAY_LITTLE] or terms


def words_reason(matched: Sequence[tuple[str, tuple[str, ...]]], score: float) -> Reason | None:
    """Which words of the query occur, and in which fields."""
    if not matched:
        return None
    parts = [f'"{word}" in {", ".join(fields)}' for word, fields in matched]
    return Reason("words", "; ".join(parts), round(score, 3))


def meaning_reason(cosine: float | None) -> Reason | None:
    """How close the meaning is; None where no vectors could be compared."""
    if cosine is None or cosine < 0:
        return None
    closeness = "close in meaning" if cosine >= _CLOSE else "related" if cosine >= _RELATED else "loosely related"
    return Reason("meaning", f"{closeness} (cosine {cosine:.2f})", round(cosine, 3))


def intent_reasons(document: ListingDocument, intents: Sequence[Intent]) -> list[Reason]:
    """The wishes of the query that the listing fulfils."""
    fits = [(intent.wish, intent.fit(document)) for intent in intents]
    return [Reason("intent", f"you asked for: {wish}", round(fit, 3)) for wish, fit in fits if fit >= _FULFILLED]


def standing_reasons(document: ListingDocument) -> list[Reason]:
    """What lifts or lowers a listing whatever the query."""
    reasons: list[Reason] = []
    if document.popularity > 0:
        reasons.append(Reason("popularity", f"used {document.popularity:.0f} times lately", document.popularity))
    if document.state is State.DEPRECATED:
        reasons.append(Reason("state", "deprecated, hence ranked lower", 0.0))
    if document.state is State.CATALOGUE_ONLY:
        reasons.append(Reason("state", "unverified catalogue entry, not callable", 0.0))
    return reasons
