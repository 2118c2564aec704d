"""From bytes to a document: UTF-8, then JSON or YAML by what it looks like, then its form checked."""

import codecs

from publishing.validation.findings import DocumentUnusable, fatal
from publishing.validation.json_parser import parse_json
from publishing.validation.json_value import Bounds
from publishing.validation.parsed_document import Parsed
from publishing.validation.yaml_parser import parse_yaml

_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def text_of(raw: bytes) -> str:
    """The document's text; DocumentUnusable when it is empty or not UTF-8."""
    if raw.startswith(_WIDE_MARKS):
        raise fatal("not_utf8", "The document is UTF-16, not UTF-8.", "Save it as UTF-8.")
    try:
        text = raw.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise fatal(
            "not_utf8",
            f"The document is not UTF-8 text: byte {error.start} does not belong there.",
            "Send the JSON or YAML text of the document, in UTF-8.",
            raw.count(b"\n", 0, error.start) + 1,
        ) from None
    if not text.strip():
        raise fatal("empty_document", "The document is empty.", "Send an OpenAPI 3 document.")
    return text


def parse_document(text: str, content_type: str, bounds: Bounds) -> Parsed:
    """The document read; the content type decides only where the text itself leaves a doubt."""
    says_json = "json" in content_type.lower()
    if says_json:
        return parse_json(text)
    if text.lstrip()[:1] not in {"{", "["}:
        return parse_yaml(text, bounds)
    try:
        return parse_json(text)
    except DocumentUnusable as unusable:
        if unusable.violation.code != "not_json":
            raise
        return parse_yaml(text, bounds)
