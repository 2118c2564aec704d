"""A listing as Elasticsearch holds it, and back: `stored` is the whole, the other fields are only for finding it."""

from typing import Any

import numpy as np
from pydantic import TypeAdapter

from discovery.indexing.document import ListingDocument
from discovery.indexing.ports import IndexEntry, Passages
from discovery.search.elasticsearch_mapping import passages_field
from discovery.search.request import Sort
from discovery.search.rules import STATE_FACTOR, Evidence, relevance, sort_value
from discovery.search.suggestions import pairs_of, words_of_listing
from discovery.search.text_fields import TEXT_FIELDS, field_texts
from discovery.search.words import Analyzer

_DOCUMENTS: TypeAdapter[ListingDocument] = TypeAdapter(ListingDocument)
REMOVED = {"removed": True}


def source_of(entry: IndexEntry, analyzer: Analyzer) -> dict[str, Any]:
    """Everything that is written for a listing."""
    document, passages = entry.document, entry.passages
    words = sorted(words_of_listing(document))
    source: dict[str, Any] = {
        "removed": False,
        "stored": {"document": _DOCUMENTS.dump_python(document, mode="json")},
        "listing_id": document.id,
        "visibility": document.visibility.value,
        "team_id": document.team_id,
        "completed_words": words,
        "completed_pairs": sorted({pair for word in words for pair in pairs_of(word)}),
        **_words(document, analyzer),
        **_keywords(document),
        **_numbers(document),
        **_orders(document),
    }
    if passages is not None and len(passages.vectors):
        rows = [[float(number) for number in row] for row in passages.vectors]
        source |= {"model": passages.model_name, passages_field(passages.model_name): [{"vector": row} for row in rows]}
        source["stored"] |= {"model": passages.model_name, "vectors": rows}
    return source


def document_in(source: dict[str, Any]) -> ListingDocument:
    """The listing again."""
    return _DOCUMENTS.validate_python(source["stored"]["document"])


def passages_in(source: dict[str, Any]) -> Passages | None:
    """Its vectors, None without any."""
    stored = source["stored"]
    return Passages(stored["model"], np.array(stored["vectors"], dtype=np.float32)) if "model" in stored else None


def _words(document: ListingDocument, analyzer: Analyzer) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for field, text in zip(TEXT_FIELDS, field_texts(document), strict=True):
        stems = analyzer(text)
        said |= {f"words_{field.name}": " ".join(stems), f"length_{field.name}": len(stems)}
    return said


def _keywords(document: ListingDocument) -> dict[str, list[str]]:
    values: dict[str, tuple[str, ...]] = {
        "category": (document.category,),
        "tags": document.tags,
        "provider": (document.provider,),
        "protocol": (document.protocol,),
        "pricing_model": (document.pricing.model.value,),
        "compliance": document.compliance,
        "certifications": document.certifications,
        "data_residency": document.data_residency,
        "status": (document.state.value,),
        "capabilities": document.capabilities,
        "input_modalities": document.input_modalities,
        "output_modalities": document.output_modalities,
        "licence": (document.licence,),
    }
    return {name: [value.casefold() for value in held] for name, held in values.items()}


def _numbers(document: ListingDocument) -> dict[str, float]:
    values = {
        "input_price": document.pricing.input_price,
        "output_price": document.pricing.output_price,
        "rating": document.rating.average,
        "uptime_percent": document.sla.uptime_percent,
        "latency_ms": document.sla.latency_p95_ms,
        "context_length": document.context_length,
    }
    return {name: value for name, value in values.items() if value is not None}


def _orders(document: ListingDocument) -> dict[str, float]:
    nothing = np.zeros(1, dtype=np.float32)
    evidence = Evidence(
        words=nothing,
        meaning=None,
        intent=nothing,
        popularity=np.array([document.popularity], dtype=np.float32),
        state=np.array([STATE_FACTOR[document.state]], dtype=np.float32),
    )
    plain = float(relevance(evidence)[0])
    return {f"order_{sort.value}": sort_value(document, plain, sort) for sort in Sort}
