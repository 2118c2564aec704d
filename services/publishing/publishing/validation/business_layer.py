"""Layer two, what a marketplace needs to know about a service beyond what OpenAPI demands."""

import re
from collections.abc import Iterator

from publishing.validation.findings import Layer, Violation, Weight
from publishing.validation.json_value import JsonObject, Location, Where
from publishing.validation.walk import METHODS

_SEMVER = re.compile(r"v?\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+][0-9A-Za-z.+-]{1,100})?")
_INFO = Location(None, "info")


def operations_of(document: JsonObject) -> list[tuple[Location, JsonObject]]:
    """The operations under `paths`, with where they stand."""
    paths = document.get("paths")
    found: list[tuple[Location, JsonObject]] = []
    for path, item in (paths if isinstance(paths, dict) else {}).items():
        for method in METHODS:
            operation = item.get(method) if isinstance(item, dict) else None
            if isinstance(operation, dict):
                found.append((Location(Location(Location(None, "paths"), path), method), operation))
    return found


def check_business(document: JsonObject) -> Iterator[Violation]:
    """Advice, never a refusal: a document may be right and still say too little."""
    info = document.get("info")
    yield from _check_info(info if isinstance(info, dict) else {})
    operations = operations_of(document)
    if not operations:
        yield _advice(
            "no_operations",
            Weight.ADVICE,
            Location(None, "paths") if "paths" in document else None,
            "The document describes no operation that could be called.",
            "Describe at least one operation under `paths`.",
        )
    nameless = [where for where, operation in operations if not operation.get("operationId")]
    if nameless:
        yield _advice(
            "operation_without_id",
            Weight.NOTE,
            nameless[0],
            f"{len(nameless)} of {len(operations)} operations have no operationId.",
            "Give each an operationId: clients generate their method names from it.",
        )


def _check_info(info: JsonObject) -> Iterator[Violation]:
    title, version = info.get("title"), info.get("version")
    if isinstance(title, str) and not title.strip():
        yield _advice(
            "title_empty", Weight.ADVICE, Location(_INFO, "title"), "The title is empty.", "Name the service."
        )
    if not info.get("description"):
        yield _advice(
            "description_missing",
            Weight.NOTE,
            _INFO if info else None,
            "Nothing says what the service is for.",
            "Add `description` to `info`: search by meaning reads it.",
        )
    if isinstance(version, str) and not _SEMVER.fullmatch(version):
        yield _advice(
            "version_not_semver",
            Weight.NOTE,
            Location(_INFO, "version"),
            "The version is not a semantic version.",
            "Write it as major.minor.patch.",
        )


def _advice(code: str, weight: Weight, where: Where, message: str, fix: str) -> Violation:
    return Violation(code, Layer.BUSINESS, weight, where, message, fix)
