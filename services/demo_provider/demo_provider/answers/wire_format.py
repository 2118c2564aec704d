"""The two wire formats of an answer; a table row each, the course of the answer is the same."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from demo_provider.answers.plan import Choice, Plan

FINGERPRINT = "demo-provider"
Json = dict[str, Any]


@dataclass(frozen=True)
class WireFormat:
    """How an answer is written: its id and names, a whole choice, and the steps of a streamed one."""

    id_prefix: str
    whole_object: str
    chunk_object: str
    whole: Callable[[Choice], Json]
    opening: Callable[[Choice], Json | None]
    step: Callable[[Choice, str], Json]
    closing: Callable[[Choice], Json]

    def plain(self, plan: Plan, *, with_usage: bool) -> Json:
        """The whole answer."""
        body = self._frame(plan, self.whole_object, [self.whole(choice) for choice in plan.choices])
        return {**body, "usage": plan.usage()} if with_usage else body

    def chunks(self, plan: Plan, *, with_usage: bool) -> Iterator[tuple[Json, int]]:
        """The answer in steps, each with the tokens it gives; where asked for, usage comes last and null before."""
        silent = {"usage": None} if with_usage else {}
        for choice in plan.choices:
            for body, tokens in self._steps(choice):
                yield {**self._frame(plan, self.chunk_object, [body]), **silent}, tokens
        if with_usage:
            yield {**self._frame(plan, self.chunk_object, []), "usage": plan.usage()}, 0

    def _steps(self, choice: Choice) -> Iterator[tuple[Json, int]]:
        opening = self.opening(choice)
        if opening is not None:
            yield opening, choice.opening_tokens
        for piece in choice.pieces:
            yield self.step(choice, piece), 1
        yield self.closing(choice), 0

    def _frame(self, plan: Plan, name: str, choices: list[Json]) -> Json:
        return {
            "id": f"{self.id_prefix}{plan.request_id}",
            "object": name,
            "created": plan.created,
            "model": plan.model,
            "system_fingerprint": FINGERPRINT,
            "choices": choices,
        }
