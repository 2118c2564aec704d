"""Layer five, the OpenAPI specification: its published schema, and the rules that no schema can say."""

from collections.abc import Iterator

from publishing.validation.default_values import DefaultCheck
from publishing.validation.findings import Layer, Violation, Weight, shown
from publishing.validation.json_value import JsonObject, Location
from publishing.validation.operation_rules import (
    SeenNames,
    check_operation_id,
    check_parameters,
    check_path,
    check_security_names,
)
from publishing.validation.ports import OfficialSchemas
from publishing.validation.references import References, check_reference
from publishing.validation.walk import Kind, Place, places


def check_openapi(document: JsonObject, version: str, official: OfficialSchemas) -> Iterator[Violation]:
    """Everything that breaks the specification."""
    references = References(document)
    for place in places(document):
        if place.kind is Kind.SCHEMA:
            references.learn(place)
    yield from official.document_violations(document, version)
    yield from _check_tags(document)
    seen = SeenNames()
    defaults = DefaultCheck(references, version)
    for place in places(document):
        yield from check_reference(place, references)
        if place.kind is Kind.SCHEMA:
            if version != "3.0" and place.within is not Kind.SCHEMA:
                yield from official.schema_violations(place.value, place.where)
            yield from defaults.violations(place)
        else:
            yield from _check_object(place, references, seen)


def _check_object(place: Place, references: References, seen: SeenNames) -> Iterator[Violation]:
    if place.kind is Kind.OPERATION:
        yield from check_operation_id(place, seen)
    if place.kind is Kind.PATH_ITEM:
        yield from check_path(place, seen, references)
    if place.kind in {Kind.OPERATION, Kind.PATH_ITEM}:
        yield from check_parameters(place, references)
    if place.kind in {Kind.OPERATION, Kind.ROOT}:
        yield from check_security_names(place, references)


def _check_tags(document: JsonObject) -> Iterator[Violation]:
    tags = document.get("tags")
    seen: set[str] = set()
    for index, tag in enumerate(tags if isinstance(tags, list) else ()):
        name = tag.get("name") if isinstance(tag, dict) else None
        if not isinstance(name, str):
            continue
        if name in seen:
            where = Location(Location(None, "tags"), index)
            message = f"The tag {shown(name)!r} is declared twice."
            yield Violation("doubled_tag", Layer.OPENAPI, Weight.VIOLATION, where, message, "Remove one.")
        seen.add(name)
