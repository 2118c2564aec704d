"""A small value that fits a JSON schema: what the demo fills into a tool's arguments or a JSON reply.

It knows types, constants, choices, properties and the first branch of a union; other demands are not looked at.
"""

from typing import Any, cast

MAX_DEPTH = 8
MAX_PROPERTIES = 32
_PLAIN: dict[str, Any] = {"string": "demo", "integer": 0, "number": 0, "boolean": False, "null": None}
Schema = dict[str, Any]


def instance_of(schema: Any, depth: int = 0) -> Any:
    """A value for the schema; beyond eight levels it is null."""
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return None
    known = cast("Schema", schema)
    if "const" in known:
        return known["const"]
    for key in ("enum", "examples"):
        if isinstance(known.get(key), list) and known[key]:
            return known[key][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(known.get(key), list) and known[key]:
            return instance_of(known[key][0], depth + 1)
    return _of_type(known, depth)


def _of_type(schema: Schema, depth: int) -> Any:
    kinds = _listed(schema.get("type"))
    first = kinds[0] if kinds else None
    if first == "array":
        return [instance_of(schema.get("items"), depth + 1)] if schema.get("minItems") else []
    if first == "object" or "properties" in schema:
        return _object(schema, depth)
    if isinstance(first, str) and first in _PLAIN:
        return schema.get("minimum", _PLAIN[first]) if first in {"integer", "number"} else _PLAIN[first]
    return {}


def _listed(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _object(schema: Schema, depth: int) -> dict[str, Any]:
    properties: Any = schema.get("properties")
    if not isinstance(properties, dict):
        return {}
    named = list(cast("Schema", properties).items())[:MAX_PROPERTIES]
    return {name: instance_of(part, depth + 1) for name, part in named}
