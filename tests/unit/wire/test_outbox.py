"""Bytes leave in the order in which they were posted, before the loop waits again, and never to a closed connection."""

import asyncio
from collections.abc import Callable

from wire.outbox import Outbox


class Line(asyncio.Transport):
    """A transport that notes what is written, and may call back in the middle of a write."""

    def __init__(self, written: list[tuple[str, bytes]], name: str) -> None:
        super().__init__()
        self.written = written
        self.name = name
        self.closed = False
        self.when_written: Callable[[], None] = lambda: None

    def write(self, data: object) -> None:
        assert isinstance(data, bytes)
        self.written.append((self.name, data))
        self.when_written()

    def is_closing(self) -> bool:
        return self.closed


async def test_what_one_turn_of_the_loop_posts_leaves_before_the_next_and_in_order() -> None:
    written: list[tuple[str, bytes]] = []
    outbox, one, other = Outbox(), Line(written, "one"), Line(written, "other")
    for turn in (b"1", b"2"):
        outbox.post(one, turn)
        outbox.post(other, turn)
        outbox.post(one, turn + b"!")
        assert not written
        await asyncio.sleep(0)
        assert written == [("one", turn), ("other", turn), ("one", turn + b"!")]
        written.clear()


async def test_nobody_waits_for_more_than_a_few_others() -> None:
    written: list[tuple[str, bytes]] = []
    outbox, line = Outbox(), Line(written, "one")
    for number in range(15):
        outbox.post(line, b"%d" % number)
    assert not written
    outbox.post(line, b"15")
    assert b"".join([data for _, data in written]) == b"".join([b"%d" % number for number in range(16)])


async def test_what_follows_for_the_same_transport_leaves_in_one_write() -> None:
    written: list[tuple[str, bytes]] = []
    outbox, one, other = Outbox(), Line(written, "one"), Line(written, "other")
    for line, data in ((one, b"1"), (one, b"2"), (one, b"3"), (other, b"a"), (one, b"4"), (other, b"b"), (other, b"c")):
        outbox.post(line, data)
    outbox.empty()
    assert written == [("one", b"123"), ("other", b"a"), ("one", b"4"), ("other", b"bc")]


async def test_who_is_called_in_the_middle_of_a_write_may_empty_and_post() -> None:
    written: list[tuple[str, bytes]] = []
    outbox, line, other = Outbox(), Line(written, "one"), Line(written, "other")

    def once() -> None:
        line.when_written = lambda: None
        outbox.post(line, b"third")
        outbox.empty()

    line.when_written = once
    outbox.post(line, b"first")
    outbox.post(other, b"second")
    outbox.empty()
    assert [data for _, data in written] == [b"first", b"second", b"third"]


async def test_a_connection_that_closed_gets_nothing_and_holds_up_nobody() -> None:
    written: list[tuple[str, bytes]] = []
    outbox, gone, line = Outbox(), Line(written, "gone"), Line(written, "one")
    outbox.post(gone, b"late")
    outbox.post(line, b"here")
    gone.closed = True
    await asyncio.sleep(0)
    assert written == [("one", b"here")]


async def test_what_is_to_be_done_ahead_is_done_once_and_before_anything_leaves() -> None:
    written: list[tuple[str, bytes]] = []
    outbox, line = Outbox(), Line(written, "one")
    outbox.post(line, b"1")
    outbox.ahead(lambda: written.append(("ahead", b"")))
    await asyncio.sleep(0)
    assert written == [("ahead", b""), ("one", b"1")]
    outbox.ahead(lambda: written.append(("ahead", b"again")))
    await asyncio.sleep(0)
    outbox.empty()
    assert written[2:] == [("ahead", b"again")]


async def test_what_is_withdrawn_ahead_never_leaves() -> None:
    written: list[tuple[str, bytes]] = []
    outbox, one, other = Outbox(), Line(written, "one"), Line(written, "other")
    outbox.post(one, b"1")
    outbox.post(other, b"a")
    outbox.post(one, b"2")
    withdrawn: list[bool] = []
    outbox.ahead(lambda: withdrawn.append(outbox.withdraw(one)))
    outbox.empty()
    assert (withdrawn, written) == ([True], [("other", b"a")])
    assert not outbox.withdraw(other)
