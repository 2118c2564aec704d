"""Layer one, the document's form: what JSON can say, within bounds, and an OpenAPI version that is known."""

import math
import re
from collections.abc import Iterator

from publishing.validation.findings import Violation, fatal, shown
from publishing.validation.json_value import Bounds, Json, JsonObject, Location, Where
from publishing.validation.parsed_document import DoubledKeys, Parsed, remark

_VERSION = re.compile(r"3\.[01](?:\.\d+(?:-.+)?)?")


def clean(parsed: Parsed, bounds: Bounds) -> list[Violation]:
    """Walk the whole document once: bounds, doubled keys, and values that JSON cannot carry, which are replaced."""
    violations = list(parsed.remarks)
    budget = bounds.max_nodes
    pending: list[tuple[Json, Where, int]] = [(parsed.document, None, 0)]
    while pending:
        value, where, depth = pending.pop()
        if not isinstance(value, dict | list):
            continue
        budget -= len(value)
        _refuse_excess(budget, depth, bounds)
        if isinstance(value, dict):
            violations.extend(_check_keys(value, parsed.doubled, where))
        for key, member in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
            if isinstance(member, dict | list):
                pending.append((member, Location(where, key), depth + 1))
            elif isinstance(member, str | float):
                violations.extend(_clean_member(value, key, member, where))
    return violations


def _refuse_excess(budget: int, depth: int, bounds: Bounds) -> None:
    if budget < 0:
        raise fatal(
            "too_many_values",
            f"The document holds more than {bounds.max_nodes:,} values.",
            "Split it into several documents.",
        )
    if depth > bounds.max_depth:
        raise fatal(
            "too_deep",
            f"The document is nested more than {bounds.max_depth} levels deep.",
            "Name nested schemas and refer to them.",
        )


def _check_keys(mapping: JsonObject, doubled: DoubledKeys, where: Where) -> Iterator[Violation]:
    twice = doubled.key_in(mapping)
    if twice is not None:
        key = shown(_whole(twice))
        yield remark("doubled_key", f"The key {key!r} stands twice; the last one counts.", "Remove one.", where)
    broken = [key for key in mapping if not _is_whole(key)]
    for key in broken:
        mapping[_whole(key)] = mapping.pop(key)
    if broken:
        yield remark("lone_surrogate", "A key holds half of a character.", "Write whole characters.", where)


def _clean_member(
    container: JsonObject | list[Json], key: str | int, member: str | float, where: Where
) -> Iterator[Violation]:
    place = Location(where, key)
    if isinstance(member, str):
        if _is_whole(member):
            return
        _replace(container, key, _whole(member))
        yield remark("lone_surrogate", "The text holds half of a character.", "Write whole characters.", place)
    elif not math.isfinite(member):
        _replace(container, key, 0)
        yield remark(
            "not_a_number", "The number is infinite, too large or not a number.", "Write a finite number.", place
        )


def _replace(container: JsonObject | list[Json], key: str | int, value: Json) -> None:
    if isinstance(container, dict):
        container[str(key)] = value
    else:
        container[int(key)] = value


def _is_whole(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _whole(text: str) -> str:
    return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)


def as_mapping(document: Json) -> JsonObject:
    """The document as a mapping; DocumentUnusable when it is anything else."""
    if isinstance(document, dict):
        return document
    raise fatal(
        "not_a_mapping",
        "An OpenAPI document is a mapping (an object), and this is not one.",
        "Begin with `openapi: 3.1.0`, `info` and `paths`.",
    )


def require_description(document: JsonObject) -> None:
    """DocumentUnusable unless something is described."""
    if not any(isinstance(document.get(part), dict) for part in ("paths", "webhooks", "components")):
        raise fatal(
            "nothing_described",
            "The document has neither `paths` nor `webhooks` nor `components`.",
            "Describe at least one path.",
        )


def version_of(document: JsonObject) -> tuple[str, list[Violation]]:
    """The minor version (`3.0`, `3.1`), and what is wrong with how it is written."""
    written = document.get("openapi")
    if written is None:
        raise _no_version(document)
    text = str(written) if isinstance(written, str | float) else ""
    if not _VERSION.fullmatch(text):
        raise fatal(
            "unsupported_version",
            f"OpenAPI version {shown(text)!r} is not one that is understood here.",
            "Write the document for OpenAPI 3.0 or 3.1.",
        )
    if isinstance(written, str):
        return text[:3], []
    return text[:3], [
        remark(
            "version_not_text",
            f"The version is written as the number {text}.",
            f'Write "{text}.0".',
            Location(None, "openapi"),
        )
    ]


def _no_version(document: JsonObject) -> Exception:
    swagger = document.get("swagger")
    if swagger is not None:
        named = shown(str(swagger)) if isinstance(swagger, str | float) else "2.0"
        return fatal(
            "swagger_2",
            f"This is a Swagger {named} document, which came before OpenAPI 3.",
            "Convert it to OpenAPI 3.0 or 3.1 (most editors and gateways can export it).",
        )
    if "asyncapi" in document:
        return fatal("not_openapi", "This is an AsyncAPI document.", "Send an OpenAPI 3 document.")
    return fatal("not_openapi", "There is no `openapi` field.", "Begin the document with `openapi: 3.1.0`.")
