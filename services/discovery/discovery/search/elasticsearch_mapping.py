"""What Elasticsearch knows of a listing: strict fields for words, filters, order and completion, one for each model."""

import hashlib
from typing import Any

from discovery.search.text_fields import SATURATION, TEXT_FIELDS

# Grows with each change of what is written; an index of an older schema is filled anew beside it.
SCHEMA = 1
KEYWORDS = (
    "category",
    "tags",
    "provider",
    "protocol",
    "pricing_model",
    "compliance",
    "certifications",
    "data_residency",
    "status",
    "capabilities",
    "input_modalities",
    "output_modalities",
    "licence",
)
NUMBERS = ("input_price", "output_price", "rating", "uptime_percent", "latency_ms", "context_length")
# Elasticsearch takes no weight below 1: all of them are raised alike, and the saturation with them.
_RAISED = 1 / min(field.weight for field in TEXT_FIELDS)
WORD_FIELDS = tuple(f"words_{field.name}^{field.weight * _RAISED:g}" for field in TEXT_FIELDS)


def settings() -> dict[str, Any]:
    """One shard, so that a word is as rare for every listing; BM25 as in_process_index.py computes it."""
    discounts = {field.length_discount for field in TEXT_FIELDS}
    if len(discounts) != 1:
        raise ValueError("Elasticsearch discounts the length of all fields alike")
    similarity = {"type": "BM25", "k1": SATURATION * _RAISED, "b": discounts.pop()}
    return {"number_of_shards": 1, "similarity": {"default": similarity}, "refresh_interval": "-1"}


def mapping() -> dict[str, Any]:
    """Every field but those of the vectors, whose length is known with the first of them."""
    keyword = {"type": "keyword", "ignore_above": 8_000}
    words = {"type": "text", "analyzer": "whitespace", "index_options": "freqs"}
    return {
        "dynamic": "strict",
        "_meta": {"schema": SCHEMA},
        "properties": {
            # A removed listing stays as a mark that a late put of the same revision runs into.
            "removed": {"type": "boolean"},
            "stored": {"type": "object", "enabled": False},
            "listing_id": keyword,
            "model": keyword,
            "visibility": keyword,
            "team_id": keyword,
            "completed_words": keyword,
            "completed_pairs": keyword,
            **{f"words_{field.name}": words for field in TEXT_FIELDS},
            **{f"length_{field.name}": {"type": "integer"} for field in TEXT_FIELDS},
            **dict.fromkeys(KEYWORDS, keyword),
            **{name: {"type": "double"} for name in NUMBERS},
            **{
                f"order_{sort}": {"type": "double"} for sort in ("relevance", "popularity", "rating", "newest", "price")
            },
        },
    }


def passages_field(model_name: str) -> str:
    """The field of a model's vectors; its name may hold anything."""
    return f"passages_{hashlib.sha256(model_name.encode()).hexdigest()[:12]}"


def passages_mapping(model_name: str, dimensions: int) -> dict[str, Any]:
    """One vector for each passage, compared exactly, as in process."""
    vector = {"type": "dense_vector", "dims": dimensions, "similarity": "cosine", "index_options": {"type": "flat"}}
    return {
        passages_field(model_name): {"type": "nested", "dynamic": "strict", "properties": {"vector": vector}},
    }
