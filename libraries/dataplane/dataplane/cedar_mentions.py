"""Which facts of a call its policies can tell apart, so that decisions are remembered for all calls that look alike."""

import dataclasses
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from cedarpy import pst

from dataplane.policy_facts import Asked

_COMPARISONS = frozenset({"eq", "not_eq", "less", "less_eq", "greater", "greater_eq"})
_TOKENS, _HOUR = "estimated_tokens", "hour"


@dataclass(frozen=True, slots=True)
class Mentions:
    """`thresholds` are the numbers that tokens are compared with; None where tokens are used in some other way."""

    hour: bool
    thresholds: tuple[int, ...] | None

    def seen(self, asked: Asked) -> Asked:
        """Circumstances that every policy decides as it decides the given ones, the same for as many as possible."""
        tokens = asked.tokens if self.thresholds is None else self._like(asked.tokens)
        return Asked(tokens, asked.at if self.hour else 0, asked.operation, asked.streamed)

    def _like(self, tokens: int) -> int:
        """The least count that stands to every threshold as this one does."""
        thresholds = self.thresholds
        place = bisect_right(thresholds, tokens) if thresholds else 0
        if not thresholds or place == 0:
            return 0
        below = thresholds[place - 1]
        return tokens if tokens == below else max(0, below + 1)


def mentions_of(policies: pst.PolicySet) -> Mentions:
    """Read off the policies' trees; a use that is not understood counts as one of every fact."""
    hour, raw = False, False
    thresholds: set[int] = set()
    for use in _uses(policies):
        if isinstance(use, int):
            thresholds.add(use)
        else:
            hour |= use in {_HOUR, ""}
            raw |= use in {_TOKENS, ""}
    return Mentions(hour, None if raw else tuple(sorted(thresholds)))


def _uses(node: object) -> Iterator[str | int]:
    """A number that tokens are compared with, else an attribute of the context, else empty for the context itself."""
    if isinstance(node, pst.BinaryOp) and node.op in _COMPARISONS:
        number = _compared(node)
        if number is not None:
            yield number
            return
    if isinstance(node, pst.GetAttr) and node.base == pst.Var("context"):
        yield node.attr
    elif isinstance(node, pst.Var):
        if node.name == "context":
            yield ""
    else:
        for child in _children(node):
            yield from _uses(child)


def _compared(node: pst.BinaryOp) -> int | None:
    asked = pst.GetAttr(pst.Var("context"), _TOKENS)
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if one == asked and isinstance(other, pst.LongLit):
            return other.value
    return None


def _children(node: object) -> Iterator[object]:
    if isinstance(node, dict):
        yield from node.values()  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    elif isinstance(node, tuple | list | frozenset):
        yield from node  # pyright: ignore[reportUnknownVariableType]
    elif dataclasses.is_dataclass(node):
        yield from (getattr(node, each.name) for each in dataclasses.fields(node))
