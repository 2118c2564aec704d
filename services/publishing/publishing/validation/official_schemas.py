"""The published schemas of OpenAPI 3.0 and 3.1 and of JSON Schema, run by the compiled validator."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs

from publishing.validation.findings import Layer, Violation, Weight, shown
from publishing.validation.json_value import JsonObject, Location, Where

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_KNOWN_DIALECTS = {_DIALECT, "https://spec.openapis.org/oas/3.1/dialect/base"}
_MAX_ERRORS = 3_000
_MAX_UNEXPECTED = 20
_Path = list[str | int]


class BundledSchemas:
    """Adapter for ports.OfficialSchemas: the schemas that come with openapi-spec-validator, offline.

    That package is found but not imported: importing it costs half a second and it would follow remote references.
    """

    def __init__(self) -> None:
        self._of_documents: dict[str, jsonschema_rs.Validator] = {}
        self._of_schemas = jsonschema_rs.Draft202012Validator({"$ref": _DIALECT}, mask="", offline=True)

    def document_violations(self, document: JsonObject, version: str) -> Iterator[Violation]:
        """What the OpenAPI schema of that version objects to."""
        if version not in self._of_documents:
            self._of_documents[version] = _openapi_validator(version)
        yield from _violations(self._of_documents[version], document, None)

    def schema_violations(self, schema: JsonObject, where: Where) -> Iterator[Violation]:
        """What JSON Schema 2020-12 objects to; nothing for a dialect of the schema's own choosing."""
        if schema.get("$schema", _DIALECT) in _KNOWN_DIALECTS:
            yield from _violations(self._of_schemas, schema, where)


def _openapi_validator(version: str) -> jsonschema_rs.Validator:
    package = importlib.util.find_spec("openapi_spec_validator")
    if package is None or package.origin is None:
        raise RuntimeError("openapi-spec-validator is not installed: run `make install-deps`")
    path = Path(package.origin).parent / "resources" / "schemas" / f"v{version}" / "schema.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if version == "3.1":
        # The bundled edition of the 3.1 schema calls the link object's `server` field `body` by mistake.
        schema["$defs"]["link"]["properties"]["server"] = {"$ref": "#/$defs/server"}
    return jsonschema_rs.validator_cls_for(schema)(schema, mask="", offline=True)


def _violations(validator: jsonschema_rs.Validator, instance: JsonObject, where: Where) -> Iterator[Violation]:
    for count, error in enumerate(validator.iter_errors(instance)):
        if count >= _MAX_ERRORS:
            return
        for cause in _causes(error):
            yield from _told(cause, where)


def _causes(error: jsonschema_rs.ValidationError) -> Iterator[jsonschema_rs.ValidationError]:
    """The errors worth telling: for a choice of schemas, those of the branch that came furthest."""
    branches: list[list[jsonschema_rs.ValidationError]] = getattr(error.kind, "context", [])
    candidates = [branch for branch in branches if branch]
    if not candidates:
        yield error
        return
    for cause in max(candidates, key=_progress):
        yield from _causes(cause)


def _progress(branch: list[jsonschema_rs.ValidationError]) -> tuple[bool, int, int]:
    """How likely the author meant this branch: not a reference, errors deep inside, few of them."""
    wants_reference = any(getattr(error.kind, "property", None) == "$ref" for error in branch)
    return not wants_reference, max(len(error.instance_path) for error in branch), -len(branch)


def _told(error: jsonschema_rs.ValidationError, where: Where) -> Iterator[Violation]:
    for key in error.instance_path:
        where = Location(where, key)
    kind = error.kind
    code = f"openapi_{_snake(kind.name)}"
    unexpected: _Path = getattr(kind, "unexpected", [])
    for key in unexpected[:_MAX_UNEXPECTED]:
        message = f"OpenAPI knows no such field here: {shown(str(key))!r}."
        fix = "Remove it, correct its name, or begin it with `x-`."
        yield Violation(code, Layer.OPENAPI, Weight.VIOLATION, Location(where, key), message, fix)
    if not unexpected:
        message, fix = _explanation(kind)
        yield Violation(code, Layer.OPENAPI, Weight.VIOLATION, where, message, fix)


_FIXED_EXPLANATIONS = {
    "uniqueItems": ("The list holds the same item twice.", "Remove the doubled item."),
    "propertyNames": (
        "A name here holds characters that are not allowed.",
        "Use letters, digits, dot, hyphen, underscore.",
    ),
}


def _explanation(kind: jsonschema_rs.ValidationErrorKind) -> tuple[str, str]:
    """What is wrong and how to mend it, without a value of the document."""
    match kind:
        case jsonschema_rs.ValidationErrorKind.Required(name):
            return f"The field {shown(name)!r} is missing.", f"Add {shown(name)!r}."
        case jsonschema_rs.ValidationErrorKind.Type(types):
            expected = " or ".join(types)
            return f"The value is not of type {expected}.", f"Write a value of type {expected}."
        case jsonschema_rs.ValidationErrorKind.Enum(options):
            choices = shown(", ".join(str(option) for option in options), 200)
            return "The value is not one of those allowed here.", f"Use one of: {choices}."
        case jsonschema_rs.ValidationErrorKind.Pattern(pattern):
            return f"The text does not match {shown(pattern)}.", "Write it in the form the specification gives."
        case _:
            rule = f"The value breaks the OpenAPI schema's rule {kind.name!r}."
            return _FIXED_EXPLANATIONS.get(kind.name, (rule, "Compare it with the OpenAPI specification."))


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
