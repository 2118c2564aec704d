"""What is wrong with a policy's text, each finding with the line and the column where it shows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import cedarpy

from dataplane.cedar_text import MOST_STATEMENTS, Statement, line_and_column, statements_of, too_deep

MOST_FINDINGS = 20
_SCHEMA_FILE = "policy.cedarschema"
_ENDED = "unexpected end of input"
_BAD_TOKEN = ("unexpected token", "invalid token")
_POLICY_PREFIX = re.compile(r"^for policy `policy\d+`, ")
_QUOTED = re.compile(r"`([^`]+)`")
_PERMIT = (
    "every call is permitted unless a policy forbids it, so a permit changes nothing: write"
    " `forbid (...) unless { ... };`"
)
# The package leaves the type of its dictionaries open.
_engine: Any = cedarpy


@dataclass(frozen=True)
class Finding:
    """One thing to mend; line and column count from 1."""

    line: int
    column: int
    message: str


@cache
def schema_text() -> str:
    """The Cedar schema: what a policy may speak of."""
    return (files("dataplane") / _SCHEMA_FILE).read_text("utf-8")


@cache
def _schema() -> cedarpy.Schema:
    return cedarpy.Schema.from_str(schema_text())


def findings_in(text: str) -> list[Finding]:
    """All that is wrong, at most twenty, in order; empty for a policy that can be enforced."""
    statements = statements_of(text)
    if not statements:
        return [Finding(1, 1, "write at least one forbid statement")]
    if len(statements) > MOST_STATEMENTS:
        return [_at(text, statements[MOST_STATEMENTS].start, f"a policy has at most {MOST_STATEMENTS} statements")]
    found: list[Finding] = []
    for statement in statements:
        found += _in_statement(text, statement)
        if len(found) >= MOST_FINDINGS:
            break
    return found[:MOST_FINDINGS]


def _in_statement(text: str, statement: Statement) -> Iterator[Finding]:
    deep = too_deep(statement)
    if deep is not None:
        yield _at(text, deep.start, "this statement is nested or chained too deep: write several")
        return
    own = statement.text_of(text)
    refusal = _refusal(own)
    if refusal is not None:
        yield _at(text, _place_of_refusal(text, statement, refusal), refusal)
        return
    try:
        tree = cedarpy.policies_to_pst(own)
    except ValueError as error:
        yield _at(text, statement.start, str(error))
        return
    if tree.templates:
        yield _at(text, _place_of_word(statement, "?"), "a template's slot is never filled: name what is meant")
    elif any(each.effect == "permit" for each in tree.static_policies.values()):
        yield _at(text, statement.start, _PERMIT)
    else:
        yield from _against_schema(text, statement, own)


def _against_schema(text: str, statement: Statement, own: str) -> Iterator[Finding]:
    result: cedarpy.ValidationResult = _engine.validate_policies(own, _schema(), release_gil=True)
    for error in result.errors:
        message = _POLICY_PREFIX.sub("", error.error)
        yield _at(text, _place_of_quoted(statement, message), message)


def _refusal(own: str) -> str | None:
    """What the parser says against a statement."""
    try:
        cedarpy.PolicySet.from_str(own)
    except ValueError as error:
        return str(error)
    return None


def _place_of_refusal(text: str, statement: Statement, refusal: str) -> int:
    if refusal.startswith(_ENDED):
        return statement.tokens[-1].end
    if refusal.startswith(_BAD_TOKEN):
        seen = statement.tokens[: _first_bad(text, statement) + 1]
        named = _QUOTED.search(refusal)
        # The parser tries to go on behind a token that it did not expect, and may notice only at the next one.
        at = next((token for token in reversed(seen) if named and token.text == named[1]), seen[-1])
        return at.start
    return _place_of_quoted(statement, refusal)


def _first_bad(text: str, statement: Statement) -> int:
    """The first token after which the parser wants no more, not even the end: until then a prefix merely ends early."""
    low, high = 0, len(statement.tokens) - 1
    while low < high:
        middle = (low + high) // 2
        refusal = _refusal(text[statement.start : statement.tokens[middle].end])
        if refusal is None or refusal.startswith(_ENDED):
            low = middle + 1
        else:
            high = middle
    return low


def _place_of_quoted(statement: Statement, message: str) -> int:
    """Where the first of the words that a message quotes, or ends with, stands in the statement; else its begin."""
    words = [*_QUOTED.findall(message), message.rpartition(": ")[2]]
    for word in words:
        for token in statement.tokens:
            if token.text.strip('"') == word.rpartition(".")[2].rpartition("::")[2].strip('"'):
                return token.start
    return statement.start


def _place_of_word(statement: Statement, word: str) -> int:
    return next((token.start for token in statement.tokens if token.text == word), statement.start)


def _at(text: str, place: int, message: str) -> Finding:
    return Finding(*line_and_column(text, place), message)
