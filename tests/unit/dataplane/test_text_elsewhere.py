"""Text under a name that OpenAI's own does not have is metered, and cuts a stream, as any other."""

import json
from pathlib import Path

import pytest
from fakes.call_door import a_bench, a_route
from fakes.dataplane_ports import FakeUpstream, stream_answer

from dataplane.call_records import Outcome, Settled
from dataplane.wire_formats.openai.streams import StreamMeter

CHAT = "/v1/chat/completions"
STREAMED = b'{"model": "acme/echo", "stream": true, "messages": [{"role": "user", "content": "hi"}]}'
DONE = b"data: [DONE]\n\n"
# A delta, and the bytes of its text.
SAID: list[tuple[dict[str, object], int]] = [
    ({"content": "héllo"}, 6),
    ({"content": "", "reasoning_content": "so be it"}, 8),
    ({"role": "assistant", "content": "", "reasoning": "so be ét"}, 9),
    ({"content": None, "thinking": "so be it"}, 8),
    ({"reasoning": "so be it", "reasoning_details": [{"type": "reasoning.text", "text": "so be it"}]}, 8),
    ({"reasoning_details": [{"type": "reasoning.text", "text": "so be"}, {"summary": " it"}]}, 8),
    ({"reasoning_details": [{"type": "reasoning.encrypted", "data": "Zm9v", "index": 0}]}, 4),
    ({"function_call": {"name": "add", "arguments": "{}"}}, 5),
    ({"function_call": {"arguments": "{}"}}, 2),
    ({"tool_calls": [{"index": 0, "type": "custom", "custom": {"name": "sh", "input": "ls"}}]}, 4),
    ({"tool_calls": [{"index": 0, "custom": {"input": "ls"}}]}, 2),
    ({"audio": {"id": "a", "transcript": "hello"}}, 5),
    ({"audio": {"id": "a", "data": "UklGRg" * 100}}, 0),
    ({"reasoning": {"text": "so"}}, 0),
    ({"reasoning_text": "so"}, 0),
    ({"tool_calls": [{"index": 0, "id": "call_1"}]}, 0),
]
SILENT: list[dict[str, object]] = [
    {},
    {"role": "assistant"},
    {"role": "assistant", "content": "", "refusal": None, "reasoning": "", "reasoning_details": [], "tool_calls": None},
]


def _event(delta: dict[str, object]) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": None}], "usage": None}
    return b"data: %b\n\n" % json.dumps(chunk, ensure_ascii=False).encode()


@pytest.mark.parametrize(("delta", "size"), SAID)
async def test_text_under_any_name_is_metered_and_cuts_a_stream(
    tmp_path: Path, delta: dict[str, object], size: int
) -> None:
    meter = StreamMeter(hide_usage=True, bound=10)
    assert meter.feed(_event(delta) * 3) == _event(delta) * 3
    assert (meter.frames, meter.content_bytes, meter.over) == (3, 3 * size, False)
    answer = stream_answer(*[_event(delta)] * 30, DONE)
    bench = a_bench(tmp_path, FakeUpstream(answer), route=a_route(max_output_tokens=10))
    await bench.ask(CHAT, STREAMED)
    await bench.settled()
    (row,) = bench.spend.usage.values()
    assert isinstance(row, Settled)
    assert (row.outcome, row.is_estimated) == (Outcome.CUT, True)
    assert row.usage.completion_tokens >= 11


@pytest.mark.parametrize("delta", SILENT)
def test_a_frame_without_text_counts_nothing(delta: dict[str, object]) -> None:
    meter = StreamMeter(hide_usage=True, bound=10)
    meter.feed(_event(delta))
    assert (meter.frames, meter.content_bytes) == (0, 0)


def test_a_count_in_a_frame_of_unknown_form_is_still_read() -> None:
    meter = StreamMeter(hide_usage=True, bound=10)
    usage = b',"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n'
    meter.feed(b'data: {"choices":[{"delta":{"reasoning":7}}]' + usage)
    assert meter.usage is not None
    assert meter.frames == 1
