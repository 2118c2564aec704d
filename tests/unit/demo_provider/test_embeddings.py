"""The demo's vectors: deterministic, of length one, near where words are shared."""

import base64
import math
import struct

import pytest

from demo_provider.embeddings.requests import EmbeddingRequest
from demo_provider.embeddings.rules import as_base64, embed


def dot(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("text", ["Good morning", "", "!!!", [1, 2, 3]])
@pytest.mark.parametrize("dimensions", [1, 64, 1536])
def test_a_vector_has_the_length_one_and_the_dimensions_asked_for(text: str, dimensions: int) -> None:
    vector = embed(text, dimensions)
    assert len(vector) == dimensions
    assert math.isclose(dot(vector, vector), 1.0, rel_tol=1e-9)


def test_texts_that_share_words_are_nearer_than_those_that_do_not() -> None:
    question = embed("cheap translation of long texts", 256)
    assert dot(question, embed("translation of texts, cheap", 256)) > dot(question, embed("images of cats", 256))


def test_base64_holds_the_same_floats() -> None:
    vector = embed("Good morning", 8)
    assert struct.unpack("<8f", base64.b64decode(as_base64(vector))) == pytest.approx(vector, abs=1e-6)


@pytest.mark.parametrize(
    ("given", "texts"),
    [("one", ["one"]), (["one", "two"], ["one", "two"]), ([1, 2], [[1, 2]]), ([[1], [2]], [[1], [2]])],
)
def test_an_input_in_any_of_its_four_forms_is_a_list_of_texts(given: object, texts: object) -> None:
    assert EmbeddingRequest.model_validate({"model": "demo-embed", "input": given}).inputs() == texts
