"""Whether a schema's `default` is a value that the schema itself allows: types, choices and bounds.

Only what can be told without doubt is reported; formats, patterns and `not` are left alone.
"""

from collections.abc import Callable, Iterator
from typing import TypeGuard

from publishing.validation.findings import Layer, Violation, Weight
from publishing.validation.json_pointer import NotThere
from publishing.validation.json_value import Json, JsonObject, Location
from publishing.validation.references import Circular, Outside, References
from publishing.validation.walk import Place

_MAX_STEPS = 500
_MAX_STEPS_IN_ALL = 500_000
_MAX_DEPTH = 25


class DefaultCheck:
    """Checks the defaults of one document, with a budget of steps for all of them together."""

    def __init__(self, references: References, version: str) -> None:
        self._references = references
        self._nullable_by_keyword = version == "3.0"
        self._left = _MAX_STEPS_IN_ALL

    def violations(self, place: Place) -> Iterator[Violation]:
        """The `default` of a schema must be a value of the schema."""
        if "default" not in place.value or self._left <= 0:
            return
        fit = _Fit(self._references, nullable_by_keyword=self._nullable_by_keyword)
        reason = fit.objection(place.value, place.value["default"])
        self._left -= fit.steps
        if reason:
            yield Violation(
                "default_not_allowed",
                Layer.OPENAPI,
                Weight.VIOLATION,
                Location(place.where, "default"),
                f"The default breaks its own schema: {reason}.",
                "Give a default of the right type and within the bounds, or leave it out.",
            )


def type_of(value: Json) -> str:
    """The JSON type's name."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


class _Fit:
    """Holds a value against a schema, with a budget of steps so that no schema can make it long."""

    def __init__(self, references: References, *, nullable_by_keyword: bool) -> None:
        self._references = references
        self._nullable_by_keyword = nullable_by_keyword
        self.steps = 0

    def objection(self, schema: Json, value: Json, depth: int = 0) -> str | None:
        """Why the value does not fit; None when it does, or when the budget is spent."""
        self.steps += 1
        if self.steps > _MAX_STEPS or depth > _MAX_DEPTH or not isinstance(schema, dict):
            return "the schema allows no value" if schema is False else None
        if value is None and self._nullable_by_keyword and schema.get("nullable") is True:
            return None
        for rule in (self._of_type, _of_choices, _of_bounds):
            reason = rule(schema, value)
            if reason:
                return reason
        return self._of_parts(schema, value, depth)

    def _of_type(self, schema: JsonObject, value: Json) -> str | None:
        declared = schema.get("type")
        allowed = [declared] if isinstance(declared, str) else declared
        if not isinstance(allowed, list) or not allowed:
            return None
        actual = type_of(value)
        if actual in allowed or (actual == "number" and "integer" in allowed and float(str(value)).is_integer()):
            return None
        return f"it is of type {actual}, not {' or '.join(str(name)[:20] for name in allowed[:4])}"

    def _of_parts(self, schema: JsonObject, value: Json, depth: int) -> str | None:
        for part in (self._of_reference, self._of_all, self._of_any, self._of_members):
            reason = part(schema, value, depth + 1)
            if reason:
                return reason
        return None

    def _of_reference(self, schema: JsonObject, value: Json, depth: int) -> str | None:
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return None
        try:
            return self.objection(self._references.target(reference), value, depth)
        except (NotThere, Outside, Circular):
            return None

    def _of_all(self, schema: JsonObject, value: Json, depth: int) -> str | None:
        branches = schema.get("allOf")
        if not isinstance(branches, list):
            return None
        return next(filter(None, (self.objection(branch, value, depth) for branch in branches)), None)

    def _of_any(self, schema: JsonObject, value: Json, depth: int) -> str | None:
        for keyword in ("anyOf", "oneOf"):
            branches = schema.get(keyword)
            if isinstance(branches, list) and branches and all(self.objection(b, value, depth) for b in branches):
                return f"it fits none of the schemas under {keyword}"
        return None

    def _of_members(self, schema: JsonObject, value: Json, depth: int) -> str | None:
        if isinstance(value, list):
            pairs = [(schema.get("items"), member) for member in value[:50]]
        elif isinstance(value, dict):
            properties = schema.get("properties")
            known = properties if isinstance(properties, dict) else {}
            pairs = [(known.get(name), member) for name, member in list(value.items())[:50]]
        else:
            return None
        for part, member in pairs:
            if part is not None and self.objection(part, member, depth):
                return "one of its members breaks its schema"
        return None


def _of_choices(schema: JsonObject, value: Json) -> str | None:
    choices = schema.get("enum")
    if isinstance(choices, list) and not any(_same(choice, value) for choice in choices):
        return "it is not one of the listed values"
    if "const" in schema and not _same(schema["const"], value):
        return "it is not the constant"
    return None


def _same(left: Json, right: Json) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and left == right


_TOO_SMALL = "it is below the minimum"
_TOO_LARGE = "it is above the maximum"
_NUMBER_BOUNDS: tuple[tuple[str, Callable[[float, float], bool], str], ...] = (
    ("minimum", lambda value, bound: value < bound, _TOO_SMALL),
    ("maximum", lambda value, bound: value > bound, _TOO_LARGE),
    ("exclusiveMinimum", lambda value, bound: value <= bound, _TOO_SMALL),
    ("exclusiveMaximum", lambda value, bound: value >= bound, _TOO_LARGE),
)
_LENGTH_BOUNDS: dict[type, tuple[str, str, str]] = {
    str: ("minLength", "maxLength", "text"),
    list: ("minItems", "maxItems", "list"),
}


def _of_bounds(schema: JsonObject, value: Json) -> str | None:
    if isinstance(value, str | list):
        low, high, name = _LENGTH_BOUNDS[type(value)]
        if _is_number(least := schema.get(low)) and len(value) < least:
            return f"the {name} is too short"
        if _is_number(most := schema.get(high)) and len(value) > most:
            return f"the {name} is too long"
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    for keyword, breaks, reason in _NUMBER_BOUNDS:
        bound = schema.get(keyword)
        if _is_number(bound) and breaks(value, bound):
            return reason
    return None


def _is_number(value: Json) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
