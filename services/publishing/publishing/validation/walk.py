"""Where each kind of OpenAPI object stands: one table of fields, and a walk over a document by it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from publishing.validation.json_value import Json, JsonObject, Location, Where

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class Kind(StrEnum):
    """The kinds of object that rules ask for."""

    ROOT = "root"
    COMPONENTS = "components"
    PATH_ITEM = "path item"
    OPERATION = "operation"
    PARAMETER = "parameter"
    HEADER = "header"
    REQUEST_BODY = "request body"
    MEDIA_TYPE = "media type"
    ENCODING = "encoding"
    RESPONSE = "response"
    CALLBACK = "callback"
    LINK = "link"
    EXAMPLE = "example"
    SECURITY_SCHEME = "security scheme"
    SERVER = "server"
    SCHEMA = "schema"


class Holds(StrEnum):
    """Whether a field holds one object, a list of them, or a mapping to them."""

    ONE = "one"
    LIST = "list"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class Place:
    """One object of a known kind; `within` is the kind of the object around it."""

    kind: Kind
    where: Where
    value: JsonObject
    within: Kind | None


_Fields = dict[str, tuple[Holds, Kind]]
_CARRIES_SCHEMA: _Fields = {
    "schema": (Holds.ONE, Kind.SCHEMA),
    "content": (Holds.MAP, Kind.MEDIA_TYPE),
    "examples": (Holds.MAP, Kind.EXAMPLE),
}
_SCHEMA_MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")
_SCHEMA_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SCHEMA_PARTS = (
    "items", "not", "if", "then", "else", "contains", "propertyNames",
    "additionalProperties", "unevaluatedItems", "unevaluatedProperties", "contentSchema",
)  # fmt: skip
_FIELDS: dict[Kind, _Fields] = {
    Kind.ROOT: {
        "paths": (Holds.MAP, Kind.PATH_ITEM),
        "webhooks": (Holds.MAP, Kind.PATH_ITEM),
        "components": (Holds.ONE, Kind.COMPONENTS),
        "servers": (Holds.LIST, Kind.SERVER),
    },
    Kind.COMPONENTS: {
        "schemas": (Holds.MAP, Kind.SCHEMA),
        "responses": (Holds.MAP, Kind.RESPONSE),
        "parameters": (Holds.MAP, Kind.PARAMETER),
        "examples": (Holds.MAP, Kind.EXAMPLE),
        "requestBodies": (Holds.MAP, Kind.REQUEST_BODY),
        "headers": (Holds.MAP, Kind.HEADER),
        "securitySchemes": (Holds.MAP, Kind.SECURITY_SCHEME),
        "links": (Holds.MAP, Kind.LINK),
        "callbacks": (Holds.MAP, Kind.CALLBACK),
        "pathItems": (Holds.MAP, Kind.PATH_ITEM),
    },
    Kind.PATH_ITEM: {
        **dict.fromkeys(METHODS, (Holds.ONE, Kind.OPERATION)),
        "parameters": (Holds.LIST, Kind.PARAMETER),
        "servers": (Holds.LIST, Kind.SERVER),
    },
    Kind.OPERATION: {
        "parameters": (Holds.LIST, Kind.PARAMETER),
        "requestBody": (Holds.ONE, Kind.REQUEST_BODY),
        "responses": (Holds.MAP, Kind.RESPONSE),
        "callbacks": (Holds.MAP, Kind.CALLBACK),
        "servers": (Holds.LIST, Kind.SERVER),
    },
    Kind.PARAMETER: _CARRIES_SCHEMA,
    Kind.HEADER: _CARRIES_SCHEMA,
    Kind.REQUEST_BODY: {"content": (Holds.MAP, Kind.MEDIA_TYPE)},
    Kind.MEDIA_TYPE: {
        "schema": (Holds.ONE, Kind.SCHEMA),
        "encoding": (Holds.MAP, Kind.ENCODING),
        "examples": (Holds.MAP, Kind.EXAMPLE),
    },
    Kind.ENCODING: {"headers": (Holds.MAP, Kind.HEADER)},
    Kind.RESPONSE: {
        "headers": (Holds.MAP, Kind.HEADER),
        "content": (Holds.MAP, Kind.MEDIA_TYPE),
        "links": (Holds.MAP, Kind.LINK),
    },
    Kind.LINK: {"server": (Holds.ONE, Kind.SERVER)},
    Kind.SCHEMA: {
        **dict.fromkeys(_SCHEMA_MAPS, (Holds.MAP, Kind.SCHEMA)),
        **dict.fromkeys(_SCHEMA_LISTS, (Holds.LIST, Kind.SCHEMA)),
        **dict.fromkeys(_SCHEMA_PARTS, (Holds.ONE, Kind.SCHEMA)),
    },
}


def places(document: JsonObject) -> Iterator[Place]:
    """Every object of a known kind, in the order of the document."""
    pending = [Place(Kind.ROOT, None, document, None)]
    while pending:
        place = pending.pop()
        yield place
        pending.extend(reversed(list(_children(place))))


def _children(place: Place) -> Iterator[Place]:
    if place.kind is Kind.CALLBACK:
        yield from _members(place, place.where, place.value, Kind.PATH_ITEM)
        return
    fields = _FIELDS.get(place.kind)
    if not fields:
        return
    for name, value in place.value.items():
        found = fields.get(name)
        if found is None:
            continue
        holds, kind = found
        where = Location(place.where, name)
        if holds is not Holds.ONE:
            yield from _members(place, where, value, kind)
        elif isinstance(value, dict):
            yield Place(kind, where, value, place.kind)


def _members(place: Place, where: Where, value: Json, kind: Kind) -> Iterator[Place]:
    if isinstance(value, list):
        pairs: list[tuple[str | int, Json]] = list(enumerate(value))
    elif isinstance(value, dict):
        pairs = [(key, member) for key, member in value.items() if not key.startswith("x-") or kind is Kind.SCHEMA]
    else:
        return
    for key, member in pairs:
        if isinstance(member, dict):
            yield Place(kind, Location(where, key), member, place.kind)
