"""The filters as OpenAPI describes them; filters_parsing.py is who checks."""

from dataclasses import fields
from typing import Any

from discovery.indexing.document import PricingModel, State
from discovery.search.filters import Filters
from discovery.search.filters_parsing import MAX_VALUE_LENGTH, MAX_VALUES, MAX_VALUES_IN_ALL

_TEXT = {"type": "string", "minLength": 1, "maxLength": MAX_VALUE_LENGTH, "pattern": "\\S"}


def _one_or_many(value: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [value, {"type": "array", "items": value, "maxItems": MAX_VALUES}, {"type": "null"}]}


def _number(least: float, most: float) -> dict[str, Any]:
    return {"anyOf": [{"type": "number", "minimum": least, "maximum": most}, {"type": "null"}]}


_PRICE = {
    "description": "US dollars per million tokens, at most this.",
    "anyOf": [
        {"type": "string", "pattern": "^[0-9]{1,6}(\\.[0-9]{1,9})?$"},
        {"type": "number", "minimum": 0, "maximum": 1_000_000},
        {"type": "null"},
    ],
    "examples": ["0.50"],
}
_SPECIAL: dict[str, dict[str, Any]] = {
    "pricing_model": _one_or_many({"type": "string", "enum": [choice.value for choice in PricingModel]}),
    "status": _one_or_many({"type": "string", "enum": [s.value for s in State if s is not State.RETIRED]}),
    "max_input_price": _PRICE,
    "max_output_price": _PRICE,
    "min_rating": _number(1, 5),
    "min_uptime_percent": _number(0, 100),
    "max_latency_ms": _number(0, 3_600_000),
    "min_context_length": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
}
FILTERS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": (
        "All must hold. Any one of the values suffices, but all are needed for tags_all, compliance, certifications,"
        " capabilities and modalities. Texts are compared without regard to case."
        f" At most {MAX_VALUES_IN_ALL} values in all."
    ),
    "additionalProperties": False,
    "properties": {field.name: _SPECIAL.get(field.name, _one_or_many(_TEXT)) for field in fields(Filters)},
}
