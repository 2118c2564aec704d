"""Metering streams: the same result however the bytes are cut, and the same cost as the plain reply."""

import json
import re
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from fixtures.real_inputs import real_input
from hypothesis import given
from hypothesis import strategies as st

from dataplane import sse
from dataplane.price import Price
from dataplane.pricing import cost_nanodollars
from dataplane.sse import LARGEST_EVENT, EventTooLarge, data_of
from dataplane.wire_formats.openai.replies import reply_usage
from dataplane.wire_formats.openai.streams import StreamMeter

_PRICE = Price("p", 1_234_567, 7_654_321, 617_283)
_LINE_ENDS = [b"\n", b"\r\n", b"\r"]


def _metered(pieces: list[bytes], hide_usage: bool) -> tuple[bytes, StreamMeter]:
    meter = StreamMeter(hide_usage, bound=10_000)
    passed = b"".join([meter.feed(piece) for piece in pieces])
    return passed + meter.finish(), meter


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(edges)]


_payloads = [
    b'data: {"choices":[{"delta":{"content":"h\\u00e9llo"}}],"usage":null}',
    'data: {"choices":[{"delta":{"content":"h\u00e9llo"}}]}'.encode(),
    b'data:{"choices":[{"delta":{"reasoning_content":"so","refusal":"no","content":null}},{"text":"x"}]}',
    b'data: {"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}}]}',
    b'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4}}',
    b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":9}}',
    b'data: {"choices":[],"usage":{"prompt_tokens":-1}}',
    b'data: {"choices":[],"prompt_filter_results":[]}',
    b'data: {"error":{"message":"overloaded"}}',
    b'data: {"error":null}',
    b'data: {"choices":[{"delta":{"content":"\xff"}}]}',
    b"data: not json",
    b"data:",
    b": ping",
    b"data: [DONE]",
]
# A payload over two lines, and one between other fields, with the line end that the stream has.
_manylined = [
    b'data: {"choices":%bdata: [{"delta":{"content":"two lines"}}]}',
    b'event: x%bdata: {"choices":[{"delta":{"content":"named"}}]}',
    b'data: {"choices":%b[{"delta":{"content":"no data line"}}]}',
]
_events = st.lists(st.sampled_from([*_payloads, *_manylined]), max_size=8)


@given(
    _events, st.sampled_from(_LINE_ENDS), st.lists(st.integers(0, 10_000), max_size=12), st.booleans(), st.booleans()
)
def test_any_cutting_of_a_stream_gives_the_same_bytes_and_usage(
    events: list[bytes], end: bytes, places: list[int], hide: bool, whole_at_end: bool
) -> None:
    each = [event.replace(b"%b", end) + end * 2 for event in events]
    data = b"".join(each)
    data = data if whole_at_end else data.removesuffix(end * 2)
    whole, meter = _metered([data], hide)
    for pieces in (_cut(data, places), [bytes([byte]) for byte in data], each if whole_at_end else [data]):
        passed, other = _metered(pieces, hide)
        assert passed == whole
        assert _read(other) == _read(meter)
    if not hide:
        assert data.startswith(whole.rstrip(b"\r\n"))


def _read(meter: StreamMeter) -> tuple[object, ...]:
    return meter.usage, meter.frames, meter.content_bytes, meter.done, meter.failed, meter.over, meter.tail


def test_the_usage_frame_is_taken_out_only_where_nobody_asked_for_it() -> None:
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":9}}\n\n'
    inside = b'data: {"choices":[{"delta":{}}],"usage":{"prompt_tokens":3,"completion_tokens":9}}\n\n'
    done = b"data: [DONE]\n\n"
    assert _metered([usage + done], True)[0] == done
    assert _metered([usage + done], False)[0] == usage + done
    for frame in (usage, inside):
        assert _metered([frame + done], True)[1].usage is not None
    assert _metered([inside + done], True)[0] == inside + done


@given(st.integers(1, 2**31), st.integers(0, 2**31), st.integers(0, 2**31))
def test_streamed_and_plain_cost_the_same(prompt: int, completion: int, cached: int) -> None:
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "prompt_tokens_details": {"cached_tokens": min(cached, prompt)},
    }
    plain = reply_usage(json.dumps({"choices": [], "usage": usage}).encode())
    _, meter = _metered([b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + b"\n\n"], True)
    assert plain is not None
    assert meter.usage is not None
    assert cost_nanodollars(plain, _PRICE) == cost_nanodollars(meter.usage, _PRICE)


@pytest.mark.parametrize(
    "usage",
    [
        "null",
        "{}",
        '{"prompt_tokens":-1,"completion_tokens":1}',
        '{"prompt_tokens":"7"}',
        "[]",
        '{"prompt_tokens":1e99}',
    ],
)
def test_a_usage_that_cannot_be_believed_is_no_usage(usage: str) -> None:
    assert reply_usage(f'{{"usage":{usage}}}'.encode()) is None


def test_an_endless_event_is_not_held_for_ever() -> None:
    meter = StreamMeter(hide_usage=False, bound=10_000)
    assert meter.feed(b"x" * LARGEST_EVENT) == b""
    with pytest.raises(EventTooLarge):
        meter.feed(b"x")


class _Searched:
    """A pattern that counts the bytes it is given."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self.pattern = pattern
        self.searched = 0

    def search(self, data: bytes) -> re.Match[bytes] | None:
        self.searched += len(data)
        return self.pattern.search(data)

    def finditer(self, data: bytes) -> Iterator[re.Match[bytes]]:
        self.searched += len(data)
        return self.pattern.finditer(data)


@pytest.mark.parametrize("end", _LINE_ENDS)
def test_what_is_held_is_not_read_again_for_each_byte_that_comes(end: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = _Searched(sse._END_OF_EVENT)
    monkeypatch.setattr(sse, "_END_OF_EVENT", pattern)
    meter = StreamMeter(hide_usage=False, bound=1 << 30)
    line = b"a" + end
    lines = line * ((LARGEST_EVENT - 2000) // len(line))
    meter.feed(lines)
    tracemalloc.start()
    for _ in range(1000):
        assert meter.feed(b"a") == b""
    copied = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # It may have moved as it grew, once; a copy for each byte would lie beside what it was made of.
    assert copied < 1.5 * LARGEST_EVENT
    assert pattern.searched <= len(lines) + 1000 * 4
    assert meter.feed(end * 2 + b"b") == lines + b"a" * 1000 + end * 2
    assert meter.finish() == b"b\n\n"


def test_text_that_is_not_utf8_is_passed_on_and_counts_whole() -> None:
    frame = b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n'
    passed, meter = _metered([frame], hide_usage=True)
    assert passed == frame
    assert (meter.frames, meter.content_bytes) == (1, len(frame) - len(b"data: \n\n"))


def test_a_vendors_last_count_of_tokens_goes_before_one_of_frames() -> None:
    text = b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'
    count = b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'
    meter = StreamMeter(hide_usage=True, bound=2)
    meter.feed(text * 2)
    assert not meter.over
    meter.feed(text)
    assert meter.over
    meter.feed(count)
    assert not meter.over
    meter.feed(text)
    assert meter.over
    meter.feed(count)
    assert not meter.over
    meter.feed(b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n' % (b"x" * 256 * 3))
    assert meter.over
    meter.feed(count)
    assert meter.over


def test_data_lines_of_one_event_are_joined() -> None:
    assert data_of(b"event: x\r\ndata: a\r\ndata:b\r\nid: 1\r\n\r\n") == b"a\nb"
    assert data_of(b": comment\n\n") == b""


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
@pytest.mark.parametrize(("name", "tokens"), [("openai-text", (16, 300)), ("openai-completion-text", (14, 16))])
def test_recorded_streams_are_metered_as_their_vendor_counted(name: str, tokens: tuple[int, int], size: int) -> None:
    lines = real_input("wire/openai").joinpath(f"{name}.chunks.txt").read_bytes().splitlines()
    data = b"".join(b"data: " + line + b"\n\n" for line in lines if line) + b"data: [DONE]\n\n"
    passed, meter = _metered([data[at : at + size] for at in range(0, len(data), size)], hide_usage=True)
    assert meter.usage is not None
    assert (meter.usage.prompt_tokens, meter.usage.completion_tokens) == tokens
    assert meter.done
    assert 0 < meter.frames <= tokens[1]
    assert passed == b"".join(b"data: " + line + b"\n\n" for line in lines[:-1]) + b"data: [DONE]\n\n"


def _cassettes() -> list[tuple[str, str]]:
    folder: Path = real_input("wire/openai-cassettes")
    found: list[tuple[str, str]] = []
    for path in sorted(folder.glob("*.yaml")):
        for interaction in yaml.load(path.read_text(), Loader=yaml.CSafeLoader)["interactions"]:
            found.append((path.stem, interaction["response"]["body"]))
    return found


def test_every_recorded_reply_with_usage_is_read() -> None:
    read = 0
    for name, body in _cassettes():
        if body.startswith("data:"):
            usage = _metered([body.encode()], False)[1].usage
            assert (usage is not None) == ('"prompt_tokens"' in body), name
        elif '"prompt_tokens"' in body and not name.startswith(("audio", "image")):
            usage = reply_usage(body.encode())
            assert usage is not None, name
            read += 1
    assert read > 20
