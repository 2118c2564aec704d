"""Answers kept for a while: fresh ones are used, old ones only where the source is down, and one question at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from chassis.errors import ErrorKind, MarketplaceError

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
MOST_KEPT = 20_000
_SOURCE_DOWN = frozenset({ErrorKind.UNAVAILABLE, ErrorKind.TIMED_OUT})


@dataclass
class _Answer(Generic[Value]):
    value: Value | None
    at: float
    expired: bool = False


@dataclass
class Kept(Generic[Key, Value]):
    """A bounded memory of answers; None is an answer too, kept for `none_seconds`. Times are seconds."""

    monotonic: Callable[[], float]
    fresh_seconds: float
    none_seconds: float
    stale_seconds: float
    _answers: dict[Key, _Answer[Value]] = field(default_factory=dict[Key, _Answer[Value]])
    _questions: dict[Key, "asyncio.Task[Value | None]"] = field(default_factory=dict[Key, "asyncio.Task[Value | None]"])

    async def get(self, key: Key, ask: Callable[[], Awaitable[Value | None]]) -> Value | None:
        """The kept answer while it is fresh, else the source's; an old one where the source is down."""
        known = self._answers.get(key)
        now = self.monotonic()
        if known is not None and not known.expired and now - known.at < self._life(known):
            return known.value
        try:
            return await asyncio.shield(self._question(key, ask))
        except MarketplaceError as error:
            usable = known is not None and known.value is not None and now - known.at < self.stale_seconds
            if known is None or not usable or error.kind not in _SOURCE_DOWN:
                raise
            return known.value

    def drop(self, which: Callable[[Value | None], bool]) -> None:
        """Forget answers, so that not even a source that is down brings them back."""
        for key in [key for key, answer in self._answers.items() if which(answer.value)]:
            del self._answers[key]

    def expire_all(self) -> None:
        """Ask again before any answer is used, if the source is there to be asked."""
        for answer in self._answers.values():
            answer.expired = True

    def _life(self, answer: _Answer[Value]) -> float:
        return self.none_seconds if answer.value is None else self.fresh_seconds

    def _question(self, key: Key, ask: Callable[[], Awaitable[Value | None]]) -> "asyncio.Task[Value | None]":
        question = self._questions.get(key)
        if question is None:
            question = asyncio.create_task(self._ask(key, ask))
            self._questions[key] = question
            question.add_done_callback(lambda _: self._questions.pop(key, None))
        return question

    async def _ask(self, key: Key, ask: Callable[[], Awaitable[Value | None]]) -> Value | None:
        asked_at = self.monotonic()
        value = await ask()
        if len(self._answers) >= MOST_KEPT:
            for oldest in list(self._answers)[: MOST_KEPT // 10]:
                del self._answers[oldest]
        self._answers[key] = _Answer(value, asked_at)
        return value
