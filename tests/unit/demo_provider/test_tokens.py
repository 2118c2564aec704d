"""The demo's tokenizer: nothing is lost, and the same text always costs the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_provider.tokens.rules import count, count_prompt, tokenize


@given(st.text())
def test_the_tokens_of_a_text_make_the_text(text: str) -> None:
    assert "".join(tokenize(text)) == text


@given(st.text(), st.integers(min_value=0, max_value=50))
def test_a_text_cut_between_tokens_has_just_those_tokens(text: str, keep: int) -> None:
    kept = tokenize(text)[:keep]
    assert tokenize("".join(kept)) == kept


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("word", 1), ("words", 2), ("two words!", 4), ("  \n ", 1), ("a b ", 3), ("日本語です", 2)],
)
def test_the_documented_examples_cost_what_they_say(text: str, tokens: int) -> None:
    assert count(text) == tokens


def test_a_prompt_of_tokens_costs_its_length() -> None:
    assert count_prompt([5, 6, 7]) == 3
