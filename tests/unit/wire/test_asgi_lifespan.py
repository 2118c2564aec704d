"""An application's start and end, as the lifespan protocol of ASGI asks."""

from typing import Any

import pytest

from wire.asgi_lifespan import Lifespan, LifespanFailed


async def obedient(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "lifespan"
    assert (await receive())["type"] == "lifespan.startup"
    scope["state"]["opened"] = events = ["opened"]
    await send({"type": "lifespan.startup.complete"})
    assert (await receive())["type"] == "lifespan.shutdown"
    events.append("closed")
    await send({"type": "lifespan.shutdown.complete"})


async def refusing(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no"})
    raise ZeroDivisionError


async def silent(scope: Any, receive: Any, send: Any) -> None:
    await receive()


async def broken_at_its_end(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    raise ZeroDivisionError


async def test_an_application_gives_its_requests_a_state_and_closes_what_it_opened() -> None:
    lifespan = Lifespan(obedient)
    state = await lifespan.start()
    assert state["opened"] == ["opened"]
    await lifespan.stop()
    assert state["opened"] == ["opened", "closed"]


async def test_stopping_twice_or_before_the_start_is_nothing() -> None:
    lifespan = Lifespan(obedient)
    await lifespan.stop()
    await lifespan.start()
    await lifespan.stop()
    await lifespan.stop()


async def test_an_application_that_does_not_start_says_why() -> None:
    with pytest.raises(LifespanFailed, match="at its startup") as told:
        await Lifespan(refusing).start()
    assert isinstance(told.value.__cause__, ZeroDivisionError)


async def test_an_application_that_only_ends_has_not_started() -> None:
    with pytest.raises(LifespanFailed, match="at its startup"):
        await Lifespan(silent).start()


async def test_an_application_that_breaks_at_its_end_says_why() -> None:
    lifespan = Lifespan(broken_at_its_end)
    await lifespan.start()
    with pytest.raises(LifespanFailed, match="at its shutdown") as told:
        await lifespan.stop()
    assert isinstance(told.value.__cause__, ZeroDivisionError)
