"""Questions to the index in Elasticsearch's language."""

from collections.abc import Sequence
from typing import Any

from discovery.indexing.rules import Viewer
from discovery.search.elasticsearch_mapping import WORD_FIELDS, passages_field
from discovery.search.filters import Filters
from discovery.search.request import Meaning, SearchRequest, Sort

Json = dict[str, Any]
# So many of the best by words and by meaning are fused, and so many hits are counted.
WINDOW = 1000
_ANY_OF = ("category", "tags", "provider", "protocol", "pricing_model", "data_residency", "status", "licence")
_ALL_OF = ("compliance", "certifications", "capabilities", "input_modalities", "output_modalities")
_AT_MOST = {"max_input_price": "input_price", "max_output_price": "output_price", "max_latency_ms": "latency_ms"}
_AT_LEAST = {
    "min_rating": "rating",
    "min_uptime_percent": "uptime_percent",
    "min_context_length": "context_length",
}


def candidates(filters: Filters, viewer: Viewer) -> list[Json]:
    """What the viewer may see and the filters let through."""
    return [{"term": {"removed": False}}, visible_to(viewer), *_filter_clauses(filters)]


def visible_to(viewer: Viewer) -> Json:
    """`may_see` as a query."""
    ways: list[Json] = [{"term": {"visibility": "public"}}]
    if viewer.signed_in:
        own: list[Json] = [{"term": {"visibility": "private"}}, {"terms": {"team_id": sorted(viewer.team_ids)}}]
        ways += [{"term": {"visibility": "workspace"}}, {"bool": {"filter": own}}]
    return {"bool": {"should": ways, "minimum_should_match": 1}}


def _filter_clauses(filters: Filters) -> list[Json]:
    clauses: list[Json] = []
    for name in _ANY_OF:
        if wanted := getattr(filters, name):
            clauses.append({"terms": {name: [value.casefold() for value in wanted]}})
    needed = [("tags", filters.tags_all), *((name, getattr(filters, name)) for name in _ALL_OF)]
    clauses += [{"term": {name: value.casefold()}} for name, wanted in needed for value in wanted]
    for bounds, way in ((_AT_MOST, "lte"), (_AT_LEAST, "gte")):
        for name, field in bounds.items():
            if (bound := getattr(filters, name)) is not None:
                clauses.append({"range": {field: {way: bound}}})
    return clauses


def by_words(terms: Sequence[str], clauses: list[Json]) -> Json:
    """The best by words."""
    words = {"query": " ".join(terms), "fields": list(WORD_FIELDS)}
    return _best({"query": {"bool": {"must": [{"combined_fields": words}], "filter": clauses}}})


def by_meaning(meaning: Meaning, clauses: list[Json]) -> Json:
    """The closest in meaning, exactly; the score is (1 + cosine) / 2 of the best passage."""
    knn = {
        "field": f"{passages_field(meaning.model_name)}.vector",
        "query_vector": [float(number) for number in meaning.vector],
        "k": WINDOW,
        "num_candidates": WINDOW,
        "filter": clauses,
    }
    return _best({"knn": knn})


def by_order(sort: Sort, clauses: list[Json], size: int = WINDOW) -> Json:
    """The first in an order that needs no query; ties by id."""
    order = [{f"order_{sort.value}": "desc"}, {"listing_id": "asc"}]
    return _best({"query": {"bool": {"filter": clauses}}, "sort": order, "track_total_hits": True}) | {"size": size}


def following(request: SearchRequest, clauses: list[Json]) -> Json:
    """The page after a position, and one more."""
    page = by_order(request.sort, clauses, request.limit + 1)
    if request.after is not None:
        page["search_after"] = [request.after.value, request.after.listing_id]
    return page


def how_many(clauses: list[Json]) -> Json:
    """Their number alone."""
    return {"size": 0, "track_total_hits": True, "query": {"bool": {"filter": clauses}}}


def lacking_vectors(meaning: Meaning | None, clauses: list[Json]) -> Json:
    """How many candidates cannot be compared by meaning."""
    if meaning is None:
        return how_many(clauses)
    return how_many([*clauses, {"bool": {"must_not": [{"term": {"model": meaning.model_name}}]}}])


def among(ids: Sequence[str]) -> Json:
    """Only these listings."""
    return {"terms": {"listing_id": list(ids)}}


def each_alike(clause: Json) -> Json:
    """Counts 1 wherever it holds: what is rare would count more by listings that the viewer may not see."""
    return {"constant_score": {"filter": clause}}


def completed(clauses: list[Json], viewer: Viewer) -> Json:
    """Listings whose completions may match; more shared clauses come first."""
    held: list[Json] = [{"term": {"removed": False}}, visible_to(viewer)]
    return _best({"query": {"bool": {"should": clauses, "minimum_should_match": 1, "filter": held}}})


def _best(body: Json) -> Json:
    return {"size": WINDOW, "source": False, "seq_no_primary_term": True, "track_total_hits": True, **body}
