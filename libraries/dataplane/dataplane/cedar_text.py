"""Cedar text as far as it can be read without an engine: its tokens, its statements, and where each stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# The engine descends recursively: beyond some 400 levels it overflows its stack and takes the process with it. What is
# let through stays far below, for the 8 MB that a thread has on Linux; the engine itself refuses trees of 100 levels.
MOST_NESTED = 40
MOST_CHAINED = 300
MOST_STATEMENTS = 50
_TOKEN = re.compile(
    r'(?P<comment>//[^\n]*)|"(?:\\.|[^"\\])*"|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|::|==|!=|<=|>=|&&|\|\||\S', re.DOTALL
)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_CHAINING = frozenset(["&&", "||", "+", "-", "*", "<", "<=", ">", ">=", "==", "!=", ".", "!", "[", "(", "if"])
_CHAINING_WORDS = frozenset({"in", "has", "like", "is"})


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it begins."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Statement:
    """The tokens of one statement, its semicolon included where it has one."""

    tokens: tuple[Token, ...]

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.tokens[0].start

    def text_of(self, whole: str) -> str:
        """Its text."""
        return whole[self.start : self.tokens[-1].end]


def statements_of(text: str) -> list[Statement]:
    """The statements in order; what follows the last semicolon is one too."""
    found: list[Statement] = []
    tokens: list[Token] = []
    for token in _tokens(text):
        tokens.append(token)
        if token.text == ";":
            found.append(Statement(tuple(tokens)))
            tokens = []
    return [*found, Statement(tuple(tokens))] if tokens else found


def line_and_column(text: str, place: int) -> tuple[int, int]:
    """Both from 1, as editors count."""
    return text.count("\n", 0, place) + 1, place - (text.rfind("\n", 0, place) + 1) + 1


def too_deep(statement: Statement) -> Token | None:
    """The token at which a statement is nested or chained further than an engine may be trusted with."""
    depth = chained = 0
    for token in statement.tokens:
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        chained += token.text in _CHAINING or token.text in _CHAINING_WORDS
        if depth > MOST_NESTED or chained > MOST_CHAINED:
            return token
    return None


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "comment":
            yield Token(match.group(), match.start())
