"""What the gateway remembers of other services' answers, and for how long."""

import asyncio
from dataclasses import dataclass, field

import pytest

from chassis.errors import Forbidden, Unavailable
from dataplane.control_plane.kept import Kept


@dataclass
class Source:
    """A source that counts its questions and may be down."""

    answer: str | None = "first"
    error: Exception | None = None
    questions: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self) -> str | None:
        self.questions += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return self.answer


@dataclass
class Seconds:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def kept(clock: Seconds) -> Kept[str, str]:
    return Kept(clock, fresh_seconds=30, none_seconds=2, stale_seconds=300)


async def test_a_fresh_answer_is_used_again_and_an_old_one_is_asked_anew() -> None:
    clock, source = Seconds(), Source()
    memory = kept(clock)
    assert await memory.get("key", source.ask) == "first"
    source.answer = "second"
    clock.now += 29
    assert await memory.get("key", source.ask) == "first"
    clock.now += 2
    assert await memory.get("key", source.ask) == "second"


async def test_that_there_is_nothing_is_remembered_for_a_short_time() -> None:
    clock, source = Seconds(), Source(answer=None)
    memory = kept(clock)
    assert await memory.get("key", source.ask) is None
    assert await memory.get("key", source.ask) is None
    assert source.questions == 1
    clock.now += 3
    await memory.get("key", source.ask)
    assert source.questions == 2


async def test_many_askers_at_once_ask_one_question() -> None:
    source = Source()
    memory = kept(Seconds())
    assert await asyncio.gather(*(memory.get("key", source.ask) for _ in range(50))) == ["first"] * 50
    assert source.questions == 1


async def test_an_old_answer_is_used_while_the_source_is_down_but_not_for_ever() -> None:
    clock, source = Seconds(), Source()
    memory = kept(clock)
    await memory.get("key", source.ask)
    source.error = Unavailable("down")
    clock.now += 200
    assert await memory.get("key", source.ask) == "first"
    clock.now += 200
    with pytest.raises(Unavailable):
        await memory.get("key", source.ask)


async def test_a_refusal_by_the_source_is_never_covered_by_an_old_answer() -> None:
    clock, source = Seconds(), Source()
    memory = kept(clock)
    await memory.get("key", source.ask)
    clock.now += 31
    source.error = Forbidden("no more")
    with pytest.raises(Forbidden):
        await memory.get("key", source.ask)


async def test_a_dropped_answer_does_not_come_back_even_while_the_source_is_down() -> None:
    source = Source()
    memory = kept(Seconds())
    await memory.get("key", source.ask)
    memory.drop(lambda value: value == "first")
    source.error = Unavailable("down")
    with pytest.raises(Unavailable):
        await memory.get("key", source.ask)


async def test_nor_does_one_that_was_dropped_while_somebody_waited_for_a_source_that_is_down() -> None:
    clock, source = Seconds(), Source()
    memory = kept(clock)
    await memory.get("key", source.ask)
    clock.now += 31
    source.error = Unavailable("down")
    waiting = asyncio.create_task(memory.get("key", source.ask))
    await asyncio.sleep(0)
    memory.drop(lambda value: value == "first")
    with pytest.raises(Unavailable):
        await waiting


async def test_expired_answers_are_asked_anew_and_still_cover_a_source_that_is_down() -> None:
    source = Source()
    memory = kept(Seconds())
    await memory.get("key", source.ask)
    memory.expire_all()
    source.answer = "second"
    assert await memory.get("key", source.ask) == "second"
    memory.expire_all()
    source.error = Unavailable("down")
    assert await memory.get("key", source.ask) == "second"


@dataclass
class Slow:
    """A source that answers what it read before the gate opened."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self) -> str | None:
        await self.gate.wait()
        return "read before the change"


@pytest.mark.parametrize("deed", ["drop", "expire_all"])
async def test_an_answer_from_before_a_change_that_comes_after_it_is_not_kept(deed: str) -> None:
    memory, slow, source = kept(Seconds()), Slow(), Source()
    asking = asyncio.create_task(memory.get("key", slow.ask))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    if deed == "drop":
        memory.drop(lambda _: True)
    else:
        memory.expire_all()
    assert await memory.get("key", source.ask) == "first"
    slow.gate.set()
    assert await asking == "read before the change"
    assert await memory.get("key", source.ask) == "first"
    assert source.questions == 1


async def test_an_answer_that_no_change_was_about_is_kept_though_others_changed_meanwhile() -> None:
    memory, slow, source = kept(Seconds()), Slow(), Source()
    asking = asyncio.create_task(memory.get("key", slow.ask))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    memory.drop(lambda value: value == "another")
    slow.gate.set()
    assert await asking == await memory.get("key", source.ask) == "read before the change"
    assert source.questions == 0
