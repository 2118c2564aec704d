"""Reads JSON: numbers bounded, doubled keys noticed, nesting too deep for the parser refused."""

import json
from typing import cast

from publishing.validation.findings import fatal
from publishing.validation.json_value import Json
from publishing.validation.parsed_document import DoubledKeys, Parsed
from publishing.validation.yaml_scalars import whole_number


def parse_json(text: str) -> Parsed:
    """The document; DocumentUnusable when it is not JSON."""
    doubled = DoubledKeys()

    def collect(pairs: list[tuple[str, Json]]) -> Json:
        mapping = dict(pairs)
        if len(mapping) != len(pairs):
            doubled.note(mapping, _doubled_key(pairs))
        return mapping

    try:
        document = cast("Json", json.loads(text, object_pairs_hook=collect, parse_int=whole_number))
    except json.JSONDecodeError as error:
        raise fatal(
            "not_json", f"This is not JSON: {error.msg}.", "Check the syntax at that line.", error.lineno
        ) from None
    except RecursionError:
        raise fatal(
            "too_deep", "The document is nested too deeply to be read.", "Name nested schemas and refer to them."
        ) from None
    return Parsed(document, doubled)


def _doubled_key(pairs: list[tuple[str, Json]]) -> str:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            return key
        seen.add(key)
    raise ValueError("no key is doubled")
