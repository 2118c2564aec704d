"""Wishes in the free text that facts of a listing can fulfil: cheap, long context, reads images, calls tools.

A wish never hides a listing, it only lifts those that fulfil it, and the hit says so.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from discovery.indexing.document import ListingDocument, PricingModel
from discovery.search.rules import blended_price

# From the quartiles of 364 real models (November 2026): .10 and .30 dollars per million input tokens.
CHEAP_NANODOLLARS = 100_000_000
DEAR_NANODOLLARS = 5_000_000_000
SHORT_CONTEXT = 32_000
LONG_CONTEXT = 1_000_000

Fit = Callable[[ListingDocument], float]


@dataclass(frozen=True, slots=True)
class Intent:
    """A wish: what the text says, and how well a listing fulfils it, 0 to 1 (unknown facts are 0)."""

    wish: str
    fit: Fit


def intents_of(query: str) -> tuple[Intent, ...]:
    """The wishes found in the text; most texts have none."""
    text = query.casefold()
    found = [intent for pattern, intent in _WISHES if pattern.search(text)]
    size = _context_size(text)
    if size is not None:
        found = [intent for intent in found if intent.wish != _LONG.wish]
        found.append(Intent(f"context of {size:,} tokens or more", lambda listing: _at_least(listing, size)))
    return tuple(found)


def fulfilment(document: ListingDocument, intents: tuple[Intent, ...]) -> float:
    """The average over the wishes, 0 to 1; 0 without any."""
    return sum(intent.fit(document) for intent in intents) / len(intents) if intents else 0.0


def _between(value: float, worst: float, best: float) -> float:
    """Where a value lies between two bounds on a logarithmic scale, 0 to 1."""
    return min(1.0, max(0.0, math.log(value / worst) / math.log(best / worst)))


def _cheap(document: ListingDocument) -> float:
    price = blended_price(document)
    if price is None:
        return 1.0 if document.pricing.model is PricingModel.FREE else 0.0
    return 1.0 if price <= CHEAP_NANODOLLARS else _between(price, DEAR_NANODOLLARS, CHEAP_NANODOLLARS)


def _free(document: ListingDocument) -> float:
    return 1.0 if document.pricing.model is PricingModel.FREE or blended_price(document) == 0 else 0.0


def _long_context(document: ListingDocument) -> float:
    return _between(document.context_length, SHORT_CONTEXT, LONG_CONTEXT) if document.context_length else 0.0


def _at_least(document: ListingDocument, size: int) -> float:
    return 1.0 if document.context_length is not None and document.context_length >= size else 0.0


def _reads(modality: str) -> Fit:
    return lambda document: 1.0 if modality in document.input_modalities else 0.0


def _writes(modality: str) -> Fit:
    return lambda document: 1.0 if modality in document.output_modalities else 0.0


def _has(*names: str) -> Fit:
    accepted = frozenset(names)

    def fit(document: ListingDocument) -> float:
        held = {capability.casefold().replace("-", "_").replace(" ", "_") for capability in document.capabilities}
        return 1.0 if held & accepted else 0.0

    return fit


_LONG = Intent("long context", _long_context)
_MAKING = r"(?:generat|creat|draw|paint|produc|synthesi[sz])\w*\s+(?:[\w-]+\s+){0,2}?"
_IMAGES = r"(?:images?|pictures?|photos?|drawings?|illustrations?)"
_SOUND = r"(?:speech|audio|voices?|music|sounds?)"


def _wish(pattern: str, wish: str, fit: Fit) -> tuple[re.Pattern[str], Intent]:
    return re.compile(pattern), Intent(wish, fit)


_WISHES: tuple[tuple[re.Pattern[str], Intent], ...] = (
    _wish(r"\b(cheap\w*|inexpensive|low[- ]cost|affordable|budget|economical|low[- ]price\w*)\b", "low price", _cheap),
    _wish(r"(?<![\w-])(free|no cost|free of charge|at no charge)(?![\w-])", "free of charge", _free),
    (re.compile(r"\b(long|large|big|huge|wide|longer|larger|largest|longest)[- ]context\b|\blong documents?\b"), _LONG),
    _wish(
        rf"^(?!.*{_MAKING}{_IMAGES}).*\b({_IMAGES}|vision|visual|screenshots?|charts?|diagrams?)\b",
        "reads images",
        _reads("image"),
    ),
    _wish(rf"\b{_MAKING}{_IMAGES}\b|\btext[- ]to[- ]image\b", "makes images", _writes("image")),
    _wish(
        rf"^(?!.*(?:{_MAKING}{_SOUND}|to[- ]speech|speak)).*\b(audio|speech|voice|transcri\w+|recordings?)\b",
        "hears audio",
        _reads("audio"),
    ),
    _wish(rf"\b{_MAKING}{_SOUND}\b|\btext[- ]to[- ]speech\b|\bspeaks?\b", "makes audio", _writes("audio")),
    _wish(r"\b(videos?|movies?|footage|clips?)\b", "sees video", _reads("video")),
    _wish(r"\b(pdfs?|file (?:input|uploads?)|attachments?)\b", "reads files", _reads("file")),
    _wish(
        r"\b(tool[- ](?:use|calls?|calling)|tools|function[- ]call\w*|agents?|agentic)\b",
        "calls tools",
        _has("tools", "tool_use", "tool_calling", "function_calling"),
    ),
    _wish(
        r"\b(reasoning|thinking|step[- ]by[- ]step|chain[- ]of[- ]thought)\b", "reasons", _has("reasoning", "thinking")
    ),
    _wish(
        r"\b(structured outputs?|json (?:mode|schema|outputs?)|(?:valid|strict) json)\b",
        "structured output",
        _has("structured_outputs", "structured_output", "json_mode", "json_schema", "response_format"),
    ),
)

_SIZE = re.compile(
    r"\b(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)\s?(k|m|thousand|million)?[- ]?(?:tokens?|context)\b(?! per)",
)
_UNITS = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000, None: 1}
# Smaller and larger numbers before "tokens" are something else: "1 token", a row of digits.
_SMALLEST_CONTEXT = 1_000
_LARGEST_CONTEXT = 1_000_000_000


def _context_size(text: str) -> int | None:
    """`128k context`, `1M tokens`, `200,000 tokens`; a price "per 1M tokens" is not one."""
    for match in _SIZE.finditer(text):
        if text[: match.start()].rstrip().endswith(("per", "/")):
            continue
        size = float(match[1].replace(",", "")) * _UNITS[match[2]]
        if _SMALLEST_CONTEXT <= size <= _LARGEST_CONTEXT:
            return int(size)
    return None
