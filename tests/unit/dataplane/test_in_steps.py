"""Long work in short steps: all of it done, in order, and others have their turn meanwhile."""

import asyncio
from collections.abc import Generator

from dataplane.in_steps import stepped


async def _turns(beside: "asyncio.Task[str]") -> int:
    turns = 0
    while not beside.done():
        turns += 1
        await asyncio.sleep(0)
    return turns


async def test_a_generator_is_run_to_its_return() -> None:
    def steps() -> Generator[None, None, str]:
        for _ in range(7):
            yield
        return "done"

    work = asyncio.create_task(stepped(steps()))
    assert await _turns(work) >= 7
    assert await work == "done"
