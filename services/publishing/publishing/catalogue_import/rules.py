"""One row of a catalogue in OpenRouter's shape as the content of a catalogue-only listing."""

import re
from dataclasses import dataclass
from typing import Any, cast

from publishing.listings.price_rules import price_per_token, prices_of
from publishing.listings.version_content import VersionContent

# `provider/model:variant`; a leading ~ marks an alias in the source.
_ID = re.compile(
    r"~?[a-z0-9][a-z0-9._-]{0,62}/[A-Za-z0-9][A-Za-z0-9._-]{0,126}(?::[a-z0-9][a-z0-9._-]{0,30})?", re.ASCII
)
_MODALITIES = frozenset({"text", "image", "audio", "video", "file", "embedding"})
# What a request parameter says about a model's abilities; the others only tune it.
_ABILITIES = {
    "tools": "tools",
    "reasoning": "reasoning",
    "structured_outputs": "structured_outputs",
    "response_format": "json_mode",
    "web_search_options": "web_search",
    "logprobs": "logprobs",
}
MOST_TOKENS = 1_000_000_000

Row = dict[str, Any]


@dataclass(frozen=True)
class RefusedRow(Exception):
    """The row says too little or nothing readable; the reason says what is missing."""

    reason: str


@dataclass(frozen=True)
class CatalogueEntry:
    """A readable row: its name inside the importing namespace, and what the listing says."""

    name: str
    content: VersionContent


def entry_of(row: object, visibility: str) -> CatalogueEntry:
    """Raises RefusedRow."""
    if not isinstance(row, dict):
        raise RefusedRow("the row is not a JSON object")
    fields = cast("Row", row)
    name = fields.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise RefusedRow("`id` is not of the form provider/model or provider/model:variant")
    architecture = _object(fields, "architecture")
    top = _object(fields, "top_provider")
    output = _modalities(architecture.get("output_modalities"))
    content = VersionContent(
        title=_text(fields.get("name"), 200) or name,
        description=_text(fields.get("description"), 10_000),
        category="embeddings" if "embedding" in output else "chat",
        provider=name.lstrip("~").partition("/")[0],
        visibility=visibility,
        tags=_tags(fields, name),
        capabilities=_capabilities(fields.get("supported_parameters")),
        input_modalities=_modalities(architecture.get("input_modalities")),
        output_modalities=output,
        context_length=_tokens(fields.get("context_length")),
        max_output_tokens=_tokens(top.get("max_completion_tokens")),
        prices=_prices(_object(fields, "pricing")),
    )
    return CatalogueEntry(name, content)


_PRICES = ("prompt", "completion", "input_cache_read")


def _prices(pricing: Row) -> Any:
    prompt, completion, cached = [price_per_token(pricing.get(name)) for name in _PRICES]
    # Beside an unknown price that of cached tokens says nothing.
    return prices_of(None, prompt, completion, None if prompt is None else cached)


def _tags(fields: Row, name: str) -> tuple[str, ...]:
    architecture = _object(fields, "architecture")
    variant = name.partition(":")[2]
    family = _text(architecture.get("tokenizer"), 64)
    return tuple(dict.fromkeys(tag for tag in (variant, family.lower() if family != "Other" else "") if tag))


def _capabilities(parameters: object) -> tuple[str, ...]:
    given = cast("list[object]", parameters) if isinstance(parameters, list) else []
    found = [_ABILITIES[name] for name in given[:100] if isinstance(name, str) and name in _ABILITIES]
    return tuple(dict.fromkeys(found))


def _modalities(value: object) -> tuple[str, ...]:
    given = cast("list[object]", value) if isinstance(value, list) else []
    found = [name for name in given[:20] if isinstance(name, str) and name in _MODALITIES]
    return tuple(dict.fromkeys(found)) or ("text",)


def _tokens(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 1 <= value <= MOST_TOKENS else None


def _text(value: object, limit: int) -> str:
    """A text that can be stored: cut, without NUL and lone surrogates."""
    if not isinstance(value, str):
        return ""
    return value[:limit].replace("\x00", "").encode("utf-8", "ignore").decode()


def _object(fields: Row, name: str) -> Row:
    value = fields.get(name)
    return cast("Row", value) if isinstance(value, dict) else {}
