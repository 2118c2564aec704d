"""An answer before it is given: every token of every choice, so that streamed and plain count the same."""

from dataclasses import dataclass

from demo_provider.answers.reply import cut_at, stretched
from demo_provider.tokens.rules import count, tokenize


@dataclass(frozen=True)
class Choice:
    """One reply; with `tool` set, the pieces are the arguments of that call."""

    index: int
    pieces: tuple[str, ...]
    finish_reason: str
    tool: str | None = None

    @property
    def text(self) -> str:
        """All pieces in one."""
        return "".join(self.pieces)

    @property
    def tokens(self) -> int:
        """What the choice costs: its pieces, and the name of the tool it calls."""
        return self.opening_tokens + len(self.pieces)

    @property
    def opening_tokens(self) -> int:
        """What is charged before the first piece."""
        return count(self.tool) if self.tool else 0


@dataclass(frozen=True)
class Plan:
    """The answer to one request."""

    request_id: str
    created: int
    model: str
    prompt_tokens: int
    choices: tuple[Choice, ...]

    @property
    def completion_tokens(self) -> int:
        """The tokens of all choices."""
        return sum(choice.tokens for choice in self.choices)

    def usage(self) -> dict[str, int]:
        """As the wire shows it."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        }


@dataclass(frozen=True)
class Limits:
    """What bounds a reply: its wished length (0: as it comes), its greatest length, and the texts that end it."""

    wished_tokens: int
    max_tokens: int | None
    stops: list[str]


def text_choice(index: int, text: str, limits: Limits) -> Choice:
    """A choice out of a text: stretched, cut at a stop, then cut at the limit."""
    pieces = tokenize(cut_at(stretched(text, limits.wished_tokens), limits.stops))
    if limits.max_tokens is not None and len(pieces) > limits.max_tokens:
        return Choice(index, tuple(pieces[: limits.max_tokens]), "length")
    return Choice(index, tuple(pieces), "stop")


def tool_choice(index: int, tool: str, arguments: str) -> Choice:
    """A choice that calls a tool."""
    return Choice(index, tuple(tokenize(arguments)), "tool_calls", tool)
