"""The chassis and the wire are wheels, not destinations: no noun of the business is an identifier there."""

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import pytest
from architecture.source_tree import SourceFile, planted, product_files
from architecture.verdict import Rule, Violation, assert_kept

WHEELS = ("libraries/chassis/", "libraries/wire/")
NOUNS = frozenset(
    [
        "listing",
        "publication",
        "publisher",
        "approval",
        "approver",
        "quota",
        "budget",
        "price",
        "pricing",
        "lease",
        "settlement",
        "catalogue",
        "rating",
        "invoice",
        "prompt",
        "completion",
        "llm",
        "vendor",
        "consumer_key",
        "api_key",
        "embedding",
        "recommendation",
    ]
)
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words_of(identifier: str) -> set[str]:
    """The words of an identifier, and the pairs they make: ApiKeyStore has api, key, store, api_key, key_store."""
    words = [word.lower() for word in WORD.findall(identifier)]
    singular = [word.removesuffix("s") for word in words]
    return {*words, *singular, *("_".join(pair) for pair in itertools.pairwise(singular))}


def identifiers(file: SourceFile) -> Iterator[tuple[int, str]]:
    yield from ((0, part) for part in PurePosixPath(file.path).with_suffix("").parts[2:])
    for node in file.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr


def business_nouns(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        if file.path.startswith(WHEELS):
            for line, name in identifiers(file):
                for noun in sorted(words_of(name) & NOUNS):
                    yield Violation(file.path, line, f"`{name}` speaks of the business: {noun}")


def test_the_wheels_know_nothing_of_the_business() -> None:
    assert_kept(Rule.BUSINESS_NOUN, business_nouns, product_files())


@pytest.mark.parametrize(
    "text",
    ["class ListingStore: ...\n", "def f(prices): ...\n", "x.quota_left\n", "budget = 1\n", "class ApiKey: ...\n"],
)
def test_a_noun_of_the_business_in_the_chassis_is_caught(text: str) -> None:
    assert list(business_nouns([planted("libraries/chassis/chassis/x.py", text)]))
    assert not list(business_nouns([planted("services/shop/shop/x.py", text)]))


@pytest.mark.parametrize(
    "text", ["model_config = 1\n", "def f(key): ...\n", "class MarketplaceError: ...\n", "listen = 1\n"]
)
def test_words_of_the_trade_are_let_pass(text: str) -> None:
    assert not list(business_nouns([planted("libraries/chassis/chassis/x.py", text)]))


def test_a_file_name_counts_too() -> None:
    assert list(business_nouns([planted("libraries/chassis/chassis/approvals/x.py", "")]))
