"""Reasoning that a vendor bills is charged, whether its count of the completion holds it or only the total does."""

import json
from pathlib import Path

import pytest
import yaml
from fakes.call_door import a_bench
from fakes.dataplane_ports import FakeUpstream, json_answer, stream_answer
from fixtures.real_inputs import real_input

from dataplane.call_records import Settled
from dataplane.usage import Usage
from dataplane.wire_formats.openai.replies import reply_usage

# As xAI reports a reply of grok-3-mini: the total holds the reasoning, the completion does not.
XAI = (
    b'{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,'
    b'"completion_tokens_details":{"reasoning_tokens":94},"prompt_tokens_details":{"cached_tokens":6}}'
)
CHAT = "/v1/chat/completions"
ASKED = b'{"model": "acme/echo", %b"messages": [{"role": "user", "content": "hi"}]}'


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_reasoning_that_only_the_total_holds_is_charged(tmp_path: Path, is_streamed: bool) -> None:
    reply = b'{"choices":[],"usage":%b}' % XAI
    answer = stream_answer(b"data: %b\n\n" % reply, b"data: [DONE]\n\n") if is_streamed else json_answer(reply)
    bench = a_bench(tmp_path, FakeUpstream(answer))
    await bench.ask(CHAT, ASKED % (b'"stream": true, ' if is_streamed else b""))
    await bench.settled()
    (row,) = bench.spend.usage.values()
    assert isinstance(row, Settled)
    assert row.usage == Usage(32, 103, 6)


@pytest.mark.parametrize(
    ("reported", "read"),
    [
        ('{"prompt_tokens":8,"total_tokens":8}', Usage(8)),
        ('{"prompt_tokens":8,"total_tokens":20}', Usage(8, 12)),
        ('{"prompt_tokens":8,"completion_tokens":5,"total_tokens":9}', Usage(8, 5)),
        ('{"prompt_tokens":8,"completion_tokens":5,"total_tokens":null}', Usage(8, 5)),
        ('{"prompt_tokens":8,"completion_tokens":5,"total_tokens":-50}', Usage(8, 5)),
        ('{"prompt_tokens":8,"completion_tokens":5,"total_tokens":1%s}' % ("0" * 12), Usage(8, 5)),
        ('{"prompt_tokens":8,"completion_tokens":5,"total_tokens":1e300}', Usage(8, 5)),
        ('{"prompt_tokens":8,"completion_tokens":5,"total_tokens":"99"}', Usage(8, 5)),
        ('{"completion_tokens":5,"total_tokens":20}', Usage(0, 5)),
    ],
)
def test_a_total_counts_only_where_it_can_be_believed(reported: str, read: Usage) -> None:
    assert reply_usage(f'{{"usage":{reported}}}'.encode()) == read


def test_recorded_reasoning_is_read_as_its_vendor_counted_it() -> None:
    read = 0
    for path in sorted(real_input("wire/openai-cassettes").glob("*.yaml")):
        for interaction in yaml.load(path.read_text(), Loader=yaml.CSafeLoader)["interactions"]:
            body = interaction["response"]["body"]
            usage = json.loads(body).get("usage") if body.startswith("{") else None
            if usage and (usage.get("completion_tokens_details") or {}).get("reasoning_tokens"):
                found = reply_usage(body.encode())
                assert found is not None
                assert found.completion_tokens == usage["completion_tokens"], path.stem
                read += 1
    assert read > 5
