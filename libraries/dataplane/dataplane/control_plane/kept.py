"""Answers kept for a while: fresh ones are used, old ones only where the source is down, and one question at a time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from chassis.errors import ErrorKind, MarketplaceError

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
MOST_KEPT = 20_000
MOST_REMEMBERED = 1000
# At this part of its life an answer that is in use is asked for again, so that nobody waits for it.
_RENEW_AT = 0.5
_SOURCE_DOWN = frozenset({ErrorKind.UNAVAILABLE, ErrorKind.TIMED_OUT})


@dataclass
class _Answer(Generic[Value]):
    value: Value | None
    at: float
    expired: bool = False


@dataclass
class Kept(Generic[Key, Value]):
    """A bounded memory of answers; None is an answer too, kept for `none_seconds`. Times are seconds.

    An answer that was asked for before it was dropped or expired, and came after that, is used by those who waited for
    it already and not kept: it may tell of the time before. `forgotten` counts how often that was done.
    """

    monotonic: Callable[[], float]
    fresh_seconds: float
    none_seconds: float
    stale_seconds: float
    forgotten: int = 0
    _recently: "deque[Callable[[Value | None], bool]]" = field(default_factory=lambda: deque(maxlen=MOST_REMEMBERED))
    _answers: dict[Key, _Answer[Value]] = field(default_factory=dict[Key, _Answer[Value]])
    _questions: dict[Key, "asyncio.Task[Value | None]"] = field(default_factory=dict[Key, "asyncio.Task[Value | None]"])

    def known(self, key: Key, ask: Callable[[], Awaitable[Value | None]]) -> Value | None:
        """The kept answer while it is fresh, at once; asks again in the background before it grows old."""
        known = self._answers.get(key)
        if known is None or known.expired or known.value is None:
            return None
        age = self.monotonic() - known.at
        if age >= self.fresh_seconds:
            return None
        if age >= self.fresh_seconds * _RENEW_AT and key not in self._questions:
            # Not now: who asks here is in the midst of a call.
            asyncio.get_running_loop().call_soon(self._renew, key, ask)
        return known.value

    async def get(self, key: Key, ask: Callable[[], Awaitable[Value | None]]) -> Value | None:
        """The kept answer while it is fresh, else the source's; an old one where the source is down."""
        known = self._answers.get(key)
        now = self.monotonic()
        if known is not None and not known.expired and now - known.at < self._life(known):
            return known.value
        try:
            return await asyncio.shield(self._question(key, ask))
        except MarketplaceError as error:
            # It may have been dropped meanwhile.
            known = self._answers.get(key)
            usable = known is not None and known.value is not None and now - known.at < self.stale_seconds
            if known is None or not usable or error.kind not in _SOURCE_DOWN:
                raise
            return known.value

    def drop(self, which: Callable[[Value | None], bool]) -> None:
        """Forget answers, so that not even a source that is down brings them back."""
        self._forget(which)
        for key in [key for key, answer in self._answers.items() if which(answer.value)]:
            del self._answers[key]

    def expire_all(self) -> None:
        """Ask again before any answer is used, if the source is there to be asked."""
        self._forget(lambda _: True)
        for answer in self._answers.values():
            answer.expired = True

    def _forget(self, which: Callable[[Value | None], bool]) -> None:
        self.forgotten += 1
        self._recently.append(which)
        # Whoever asks from now on does not wait for an answer from before.
        self._questions.clear()

    def _is_outdated(self, value: Value | None, since: int) -> bool:
        missed = self.forgotten - since
        return missed > len(self._recently) or any(which(value) for which in islice(reversed(self._recently), missed))

    def _life(self, answer: _Answer[Value]) -> float:
        return self.none_seconds if answer.value is None else self.fresh_seconds

    def _question(self, key: Key, ask: Callable[[], Awaitable[Value | None]]) -> "asyncio.Task[Value | None]":
        question = self._questions.get(key)
        if question is None:
            question = asyncio.create_task(self._ask(key, ask))
            self._questions[key] = question
            question.add_done_callback(lambda done: self._landed(key, done))
        return question

    def _renew(self, key: Key, ask: Callable[[], Awaitable[Value | None]]) -> None:
        self._question(key, ask).add_done_callback(_heard)

    def _landed(self, key: Key, done: "asyncio.Task[Value | None]") -> None:
        if self._questions.get(key) is done:
            del self._questions[key]

    async def _ask(self, key: Key, ask: Callable[[], Awaitable[Value | None]]) -> Value | None:
        asked_at, forgotten = self.monotonic(), self.forgotten
        value = await ask()
        before = self._answers.get(key)
        if before is not None and before.value == value:
            # The same thing stays the same object: whoever remembers it need not compare what it says.
            value = before.value
        if self._is_outdated(value, forgotten):
            return value
        if len(self._answers) >= MOST_KEPT:
            for oldest in list(self._answers)[: MOST_KEPT // 10]:
                del self._answers[oldest]
        self._answers[key] = _Answer(value, asked_at)
        return value


def _heard(question: "asyncio.Task[Value | None]") -> None:
    """A renewal that failed is tried again by the next who asks; nobody else waits for it."""
    if not question.cancelled():
        question.exception()
