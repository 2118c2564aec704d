"""How calls went, on its way out: never in the way of a call, bounded, counted once, and blamed on the right one."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes.call_door import KEY, a_bench
from fakes.call_facts import some_facts, some_settled
from fakes.dataplane_ports import FakeUpstream, json_answer
from msgspec.structs import replace

from chassis.errors import InvalidInput, Unavailable
from dataplane.analytics_buffer import AnalyticsBuffer
from dataplane.call_records import Outcome, Released, Settled
from dataplane.control_plane.analytics_client import call_group
from dataplane.ended_calls import CallEnd, CallRows, EndedCalls, Fault, fault_of
from dataplane.refusals import UpstreamUnreachable
from marketplace.consumption.v1.analytics_pb2 import CALL_FAULT_NONE, CALL_FAULT_VENDOR, CallGroup
from wire.errors import TooManyAtOnce

CHAT = "/v1/chat/completions"
BODY = b'{"model": "acme/echo", "messages": [{"role": "user", "content": "hi"}]}'
REPLY = b'{"id":"c1","choices":[{"message":{"content":"hello"}}],"usage":{"prompt_tokens":10,"completion_tokens":5}}'


class _Sink:
    """Counts batches once by their ids; fails before or after counting, as it is told."""

    def __init__(self, *failures: str) -> None:
        self.failures = list(failures)
        self.batches: dict[str, list[int]] = {}

    async def record(self, batch_id: str, groups: Sequence[EndedCalls]) -> None:
        failure = self.failures.pop(0) if self.failures else ""
        if failure == "invalid":
            raise InvalidInput("These columns are no batch.")
        if failure != "before":
            self.batches.setdefault(batch_id, [ended_at for group in groups for ended_at in group.columns()[0]])
        if failure:
            raise Unavailable("consumption does not answer")

    @property
    def counted(self) -> list[int]:
        """The calls by the moments of their ends."""
        return [ended_at for batch in self.batches.values() for ended_at in batch]


def _end(number: int) -> CallEnd:
    return replace(some_settled(number), duration=0), number + 1


def _buffer(sink: _Sink, most_kept: int = 10) -> AnalyticsBuffer:
    numbers = iter(range(1000))
    return AnalyticsBuffer(sink, lambda: f"anb_{next(numbers)}", most_kept=most_kept, batch_size=3)


async def test_what_is_kept_leaves_in_batches_and_in_order() -> None:
    buffer = _buffer(sink := _Sink())
    for number in range(7):
        buffer.append(_end(number))
    await buffer.send_kept()
    assert [len(batch) for batch in sink.batches.values()] == [3, 3, 1]
    assert sink.counted == list(range(7))
    assert (len(buffer), buffer.sent, buffer.dropped) == (0, 7, 0)


async def test_what_comes_while_a_batch_is_under_way_waits_for_the_next_time() -> None:
    class _Busy(_Sink):
        async def record(self, batch_id: str, groups: Sequence[EndedCalls]) -> None:
            await super().record(batch_id, groups)
            buffer.append(_end(100 + len(self.batches)))

    buffer = _buffer(sink := _Busy())
    for number in range(4):
        buffer.append(_end(number))
    await buffer.send_kept()
    assert [len(batch) for batch in sink.batches.values()] == [3, 1]
    await buffer.send_kept()
    assert [len(batch) for batch in sink.batches.values()] == [3, 1, 2]


async def test_a_batch_that_failed_comes_again_under_its_id_and_counts_once() -> None:
    buffer = _buffer(sink := _Sink("before", "after", ""))
    for number in range(2):
        buffer.append(_end(number))
    await buffer.send_kept()
    assert (len(buffer), buffer.failures_in_a_row, sink.counted) == (2, 1, [])
    buffer.append(_end(2))
    await buffer.send_kept()
    assert (len(buffer), buffer.failures_in_a_row) == (3, 2)
    await buffer.send_kept()
    assert sink.counted == [0, 1, 2]
    assert (len(buffer), buffer.failures_in_a_row, buffer.sent) == (0, 0, 3)


async def test_ends_beyond_the_bound_are_dropped_and_counted_while_nobody_takes_them() -> None:
    buffer = _buffer(sink := _Sink("before"), most_kept=4)
    for number in range(6):
        buffer.append(_end(number))
    assert (len(buffer), buffer.dropped) == (4, 2)
    await buffer.send_kept()
    buffer.append(_end(6))
    assert (len(buffer), buffer.dropped) == (4, 3)
    await buffer.send_kept()
    assert sink.counted == list(range(4))
    assert buffer.dropped == 3


async def test_a_batch_that_is_refused_as_such_does_not_hold_up_the_rest() -> None:
    buffer = _buffer(sink := _Sink("invalid"))
    for number in range(5):
        buffer.append(_end(number))
    await buffer.send_kept()
    await buffer.send_kept()
    assert (sink.counted, buffer.dropped) == ([3, 4], 3)


async def test_a_call_never_waits_for_a_sink_that_hangs() -> None:
    class Hanging(_Sink):
        async def record(self, batch_id: str, groups: Sequence[EndedCalls]) -> None:
            await asyncio.Event().wait()

    buffer = _buffer(Hanging(), most_kept=2)
    buffer.append(_end(1))
    sending = asyncio.ensure_future(buffer.send_kept())
    await asyncio.sleep(0)
    for number in range(3):
        buffer.append(_end(number))
    assert (len(buffer), buffer.dropped) == (2, 2)
    sending.cancel()


@pytest.mark.parametrize(
    ("outcome", "status", "fault"),
    [
        (Outcome.COMPLETED, 200, Fault.NONE),
        (Outcome.CALLER_LEFT, 499, Fault.CALLER),
        (Outcome.UPSTREAM_ERROR, 400, Fault.CALLER),
        (Outcome.UPSTREAM_ERROR, 422, Fault.CALLER),
        (Outcome.UPSTREAM_ERROR, 429, Fault.VENDOR),
        (Outcome.UPSTREAM_ERROR, 502, Fault.VENDOR),
        (Outcome.UPSTREAM_ERROR, 200, Fault.VENDOR),
        (Outcome.UPSTREAM_BROKEN, 504, Fault.VENDOR),
        (Outcome.CUT, 200, Fault.VENDOR),
        (Outcome.CUT, 503, Fault.OURS),
    ],
)
def test_each_end_is_blamed_on_the_one_who_caused_it(outcome: Outcome, status: int, fault: Fault) -> None:
    assert fault_of(replace(some_settled(1), outcome=outcome, status=status)) is fault


def test_the_figures_of_calls_are_those_of_their_ends_by_listing_team_and_kind() -> None:
    settled = replace(some_settled(1000), duration=500, first_byte=300)
    unsent = Released(some_facts(1000), 502, "upstream_unreachable")
    other = replace(settled, facts=replace(some_facts(2000), team_id="team_2", streamed=True), first_byte=None)
    rows = CallRows(room=10)
    for end in ((settled, 1020), (other, 1990), (unsent, 0)):
        rows.add(end)
    [[first, second]] = [[call_group(calls) for calls in batch] for batch in rows.take(10)]
    named = {"listing_id": "lst_1", "listing_version_id": "ver_1", "listing_version": "1.0.0", "model": "vendor-echo"}
    assert first == CallGroup(
        **named,
        team_id="team_1",
        ended_at_microseconds=[1500, 1000],
        status=[200, 502],
        fault=[CALL_FAULT_NONE, CALL_FAULT_VENDOR],
        total_microseconds=[500, 0],
        added_microseconds=[20, 0],
        first_byte_microseconds=[300, -1],
        prompt_tokens=[40, 0],
        completion_tokens=[0, 0],
    )
    assert (second.team_id, second.streamed) == ("team_2", True)
    assert (second.added_microseconds[:], second.first_byte_microseconds[:]) == ([0], [-1])


def test_batches_are_full_but_the_last_and_split_what_is_larger() -> None:
    rows = CallRows(room=10)
    for team, calls in (("team_1", 4), ("team_2", 2), ("team_3", 1)):
        for number in range(calls):
            rows.add((replace(some_settled(number), facts=replace(some_facts(number), team_id=team)), number))
    parts = [[(calls.common[4], len(calls)) for calls in batch] for batch in rows.take(3)]
    assert parts == [[("team_1", 3)], [("team_1", 1), ("team_2", 2)], [("team_3", 1)]]
    assert CallRows(room=10).take(3) == []


async def test_the_door_tells_of_each_call_that_ended_and_of_none_that_was_refused(tmp_path: Path) -> None:
    told: list[CallEnd] = []
    for folder, upstream, fault in (
        ("good", FakeUpstream(json_answer(REPLY)), Fault.NONE),
        ("away", FakeUpstream(UpstreamUnreachable("nobody is there")), Fault.VENDOR),
        ("busy", FakeUpstream(TooManyAtOnce()), Fault.OURS),
    ):
        bench = a_bench(tmp_path / folder, upstream, told=told.append)
        await bench.ask(CHAT, b"{}")
        await bench.ask(CHAT, BODY, headers=[(b"authorization", b"Bearer nobody")])
        assert not told
        await bench.ask(CHAT, BODY, headers=[(b"authorization", b"Bearer " + KEY)])
        [(record, sent_at)] = told
        assert fault_of(record) is fault
        assert isinstance(record, Settled) == bool(sent_at)
        told.clear()
