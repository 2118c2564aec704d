"""Scores, words, wishes, typos and filter parsing, as tables."""

import numpy as np
import pytest
from fixtures.listing_documents import listing
from hypothesis import given
from hypothesis import strategies as st

from discovery.indexing.document import Pricing, PricingModel, State
from discovery.indexing.rules import passages_of
from discovery.search.edit_distance import prefix_distance, typos_allowed
from discovery.search.errors import InvalidFilter
from discovery.search.filters import Filters
from discovery.search.filters_parsing import filters_from
from discovery.search.intents import fulfilment, intents_of
from discovery.search.reasons import telling
from discovery.search.rules import Evidence, blended_price, relevance, scaled
from discovery.search.words import Analyzer


def evidence(words: list[float], meaning: list[float] | None = None) -> Evidence:
    nothing = np.zeros(len(words), dtype=np.float32)
    cosines = None if meaning is None else np.array(meaning, dtype=np.float32)
    return Evidence(np.array(words, dtype=np.float32), cosines, nothing, nothing, nothing + 1)


def test_words_and_meaning_are_weighed_three_to_seven() -> None:
    assert relevance(evidence([4, 0, 2], [0.1, 0.6, 0.6])).tolist() == pytest.approx([0.3, 0.7, 0.85])


def test_without_a_model_words_are_all() -> None:
    assert relevance(evidence([4, 0, 2])).tolist() == pytest.approx([1, 0, 0.5])


def test_a_listing_without_vectors_is_judged_by_its_words() -> None:
    assert relevance(evidence([4, 4], [-1, 0.6])).tolist() == pytest.approx([1, 1])


def test_nothing_found_scales_to_nothing() -> None:
    assert scaled(np.zeros(3, dtype=np.float32), 0).tolist() == [0, 0, 0]
    assert scaled(np.zeros(0, dtype=np.float32), 0.1).tolist() == []


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("Translating the letters", ["translat", "letter"]),
        ("GPT-4o", ["gpt", "4o", "gpt4o"]),
        ("what can you do", []),
        ("Café_au lait", ["café", "au", "lait", "caféau"]),
        ("模型 чат", ["模型", "чат"]),
        ("", []),
    ],
)
def test_words_become_stems(text: str, stems: list[str]) -> None:
    assert Analyzer()(text) == stems


@pytest.mark.parametrize(
    ("query", "wishes"),
    [
        ("cheap model that can read images with a long context", ["low price", "long context", "reads images"]),
        ("free model", ["free of charge"]),
        ("error-free translation", []),
        ("at least 128k context", ["context of 128,000 tokens or more"]),
        ("a context of 1.5M tokens", ["context of 1,500,000 tokens or more"]),
        ("200,000 tokens", ["context of 200,000 tokens or more"]),
        ("0.5 dollars per 1M tokens", []),
        ("1,000,000,000 tokens", ["context of 1,000,000,000 tokens or more"]),
        ("2,000M tokens, or 8k tokens", ["context of 8,000 tokens or more"]),
        ("9" * 400 + " tokens", []),
        ("generate images of cats", ["makes images"]),
        ("transcribe recordings", ["hears audio"]),
        ("text to speech", ["makes audio"]),
        ("reasoning agent with json mode", ["calls tools", "reasons", "structured output"]),
        ("translate letters", []),
        ("", []),
    ],
)
def test_wishes_are_read_from_the_text(query: str, wishes: list[str]) -> None:
    assert [intent.wish for intent in intents_of(query)] == wishes


digits = st.tuples(st.sampled_from("09٣"), st.integers(1, 1000)).map(lambda run: run[0] * run[1])
pieces = st.one_of(digits, st.sampled_from([" tokens", "k context", "M tokens", ".", ",", " "]), st.text(max_size=5))


@given(st.lists(pieces, max_size=12).map("".join))
def test_wishes_can_be_looked_for_in_any_text(text: str) -> None:
    intents_of(text)


def test_unknown_facts_fulfil_no_wish() -> None:
    unknown = listing("a")
    for query in ("cheap", "free", "long context", "100k context", "images", "audio", "tools", "reasoning"):
        assert fulfilment(unknown, intents_of(query)) == 0


def test_known_facts_fulfil_wishes_by_degrees() -> None:
    def priced(dollars: float) -> float:
        price = int(dollars * 10**9)
        return fulfilment(listing("a", pricing=Pricing(PricingModel.USAGE, price, price)), intents_of("cheap"))

    assert priced(0) == priced(0.1) == 1
    assert 0 < priced(2) < priced(0.5) < 1
    assert priced(5) == priced(100) == 0
    assert fulfilment(listing("a", context_length=1_000_000), intents_of("long context")) == 1
    assert fulfilment(listing("a", capabilities=("Function-Calling",)), intents_of("tools")) == 1


def test_a_price_is_known_only_as_a_whole() -> None:
    assert blended_price(listing("a", pricing=Pricing(PricingModel.USAGE, 100, 500))) == 200
    assert blended_price(listing("a", pricing=Pricing(PricingModel.USAGE, 100, None))) is None


@pytest.mark.parametrize(
    ("typed", "word", "limit", "distance"),
    [
        ("anth", "anthropic", 1, 0),
        ("anhtr", "anthropic", 1, 1),
        ("antropic", "anthropic", 2, 1),
        ("xnthrxpic", "anthropic", 2, 2),
        ("xnthrxpix", "anthropic", 2, None),
        ("volcano", "anthropic", 2, None),
    ],
)
def test_typos_are_counted_against_the_beginning(typed: str, word: str, limit: int, distance: int | None) -> None:
    assert prefix_distance(typed, word, limit) == distance


def test_short_words_allow_no_typo() -> None:
    assert [typos_allowed(length) for length in (3, 4, 7, 8)] == [0, 1, 1, 2]


def test_the_passages_say_name_description_and_task() -> None:
    document = listing("a", name="acme/gpt_4o-mini", title="Mini", description="Small.", category="chat", tags=("x",))
    assert passages_of(document) == ("Mini gpt 4o mini", "Small.", "chat, x")


def test_filters_come_in_from_json() -> None:
    given = {"category": ["chat"], "tags": "fast", "max_input_price": "0.5", "status": ["published"], "min_rating": 4}
    assert filters_from({**given, "licence": None}) == Filters(
        category=("chat",), tags=("fast",), max_input_price=500_000_000, status=(State.PUBLISHED,), min_rating=4.0
    )
    assert filters_from({}) == Filters()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "red"),
        ("category", 5),
        ("category", [""]),
        ("tags", ["x"] * 51),
        ("tags", ["x" * 201]),
        ("provider", {"a": 1}),
        ("status", ["retired"]),
        ("status", ["alive"]),
        ("pricing_model", ["cheap"]),
        ("max_input_price", "-1"),
        ("max_input_price", "NaN"),
        ("max_output_price", "ten"),
        ("max_output_price", True),
        ("min_rating", 0),
        ("min_rating", 5.1),
        ("min_uptime_percent", 101),
        ("max_latency_ms", "fast"),
        ("max_latency_ms", float("nan")),
        ("min_context_length", 1.5),
        ("min_context_length", -1),
    ],
)
def test_a_wrong_filter_is_refused_by_its_name(name: str, value: object) -> None:
    with pytest.raises(InvalidFilter) as refusal:
        filters_from({name: value})
    assert name in refusal.value.message
    assert refusal.value.details == {"pointer": f"/filters/{name}"}
    assert refusal.value.http_status == 422


def test_all_filters_together_have_a_bound() -> None:
    names = ("tags", "category", "provider", "licence")
    assert filters_from({name: ["x"] * 50 for name in names}).tags == ("x",) * 50
    with pytest.raises(InvalidFilter, match="at most 200 values in all") as refusal:
        filters_from({**{name: ["x"] * 50 for name in names}, "protocol": ["x"]})
    assert (refusal.value.details, refusal.value.http_status) == ({"pointer": "/filters"}, 422)


def test_words_that_every_listing_has_are_no_reason_unless_nothing_else_was_asked() -> None:
    assert telling([("Model", "model"), ("images", "imag")]) == [("images", "imag")]
    assert telling([("model", "model")]) == [("model", "model")]
