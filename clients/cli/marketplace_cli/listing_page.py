"""A listing as people see it, in a row of search hits or on a page of its own."""

from collections.abc import Iterable, Sequence

from marketplace_cli.api_client import Json
from marketplace_cli.output import Output
from marketplace_cli.plain_text import count, cut_at_word, dollars, moment, one_line, prompt_price

_MEASURES = (
    ("latency_p50_ms", " ms"),
    ("latency_p95_ms", " ms"),
    ("time_to_first_token_ms", " ms"),
    ("error_rate", ""),
)
HIT_COLUMNS = ("name", ">score", ">in / 1M", ">out / 1M", ">context", "takes", "why")
_MOST_REASONS = 2
_LONGEST_REASON = 80
_WISH = "you asked for: "
_OTHER_REASONS = ("words", "meaning", "state", "popularity")


def hit_row(hit: Json) -> tuple[object, ...]:
    """One hit."""
    pricing = hit["pricing"]
    return (
        hit["name"],
        f"{hit['score']:.3f}",
        dollars(pricing["input"]),
        dollars(pricing["output"]),
        count(hit["context_length"]),
        hit["input_modalities"],
        why(hit["reasons"]),
    )


def why(reasons: Sequence[Json]) -> str:
    """The two reasons that help most to choose: what was asked for and is fulfilled comes first."""
    wishes = [str(one["text"]).removeprefix(_WISH) for one in reasons if one["kind"] == "intent"]
    told = [f"you asked for {', '.join(wishes)}"] if wishes else []
    others = [one for kind in _OTHER_REASONS for one in reasons if one["kind"] == kind]
    told += [str(one["text"]) for one in others]
    return "; ".join(cut_at_word(one_line(text, 1000), _LONGEST_REASON) for text in told[:_MOST_REASONS])


def listing_facts(listing: Json) -> Iterable[tuple[str, object]]:
    """Everything worth a line; what is unknown is left out by the page."""
    pricing = listing["pricing"]
    yield "name", listing["name"]
    yield "id", listing["id"]
    yield "version", listing["version"]
    yield "state", listing["state"]
    yield "category", listing["category"]
    yield "provider", listing["provider"]
    given = prompt_price(pricing["input"], pricing["cached_input"])
    yield "price", f"{pricing['model']}, in {given}, out {dollars(pricing['output'])} per 1M tokens"
    yield "context", f"{count(listing['context_length'])} tokens"
    yield "takes", listing["input_modalities"]
    yield "gives", listing["output_modalities"]
    for name in ("capabilities", "tags", "compliance", "certifications", "data_residency", "licence", "visibility"):
        yield name.replace("_", " "), listing.get(name)
    yield from _promised_and_measured(listing)


def _promised_and_measured(listing: Json) -> Iterable[tuple[str, object]]:
    measured: Json = listing.get("measured") or {}
    call: Json = listing.get("how_to_call") or {}
    ending: Json = listing.get("deprecation") or {}
    for name, unit in _MEASURES:
        if measured.get(name) is not None:
            yield name.removesuffix("_ms").replace("_", " "), f"{measured[name]:g}{unit}"
    if call:
        yield "call", f"{call['method']} {call['path']}"
    if ending:
        yield "deprecated", f"{moment(ending['deprecated_at'])}: {ending['reason']}"
        yield "calls may end", moment(ending["sunset_at"]) if ending["sunset_at"] else None
        yield "move to", ending["successor"]


def show_listing(output: Output, listing: Json) -> None:
    """A page of its own."""
    output.line(one_line(listing["title"]), "bold")
    output.facts(listing_facts(listing))
    if listing["description"]:
        output.line("")
        output.line(str(listing["description"]))
