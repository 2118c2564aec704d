"""What is read from an OpenAI request, and what is set in it."""

import msgspec
import pytest
from fakes.call_door import a_route

from dataplane.records import MaxTokensField
from dataplane.refusals import RequestInvalid
from dataplane.wire_formats.openai.requests import (
    Operation,
    body_for,
    completion_bound,
    prompt_bound,
    read_request,
)


def _read(body: bytes, operation: Operation = "chat/completions") -> tuple[int, int, dict[str, object]]:
    request, route = read_request(operation, body), a_route(max_output_tokens=100, context_length=1000)
    sent = msgspec.json.decode(body_for(request, route))
    return prompt_bound(request, route), completion_bound(request, route), sent


def test_a_missing_bound_is_set_and_a_given_one_is_kept() -> None:
    assert _read(b'{"model":"m","messages":[]}')[1:] == (
        100,
        {"model": "vendor-echo", "messages": [], "max_tokens": 100},
    )
    assert _read(b'{"model":"m","max_tokens":null}')[2]["max_tokens"] == 100
    assert _read(b'{"model":"m","max_tokens":7}')[1:] == (7, {"model": "vendor-echo", "max_tokens": 7})


OBEYED: list[MaxTokensField] = ["max_tokens", "max_completion_tokens"]
WRITTEN = ["", "null", "5", "7"]


@pytest.mark.parametrize("field", OBEYED)
@pytest.mark.parametrize("other_first", [False, True])
@pytest.mark.parametrize("streamed", ["", ',"stream":true'])
@pytest.mark.parametrize("first", WRITTEN)
@pytest.mark.parametrize("second", WRITTEN)
def test_the_bound_stands_in_the_one_field_that_the_vendor_obeys(
    field: MaxTokensField, other_first: bool, streamed: str, first: str, second: str
) -> None:
    names = OBEYED[::-1] if other_first else OBEYED
    given = [f'"{name}":{value}' for name, value in zip(names, (first, second), strict=True) if value]
    bounds = [int(value) for value in (first, second) if value.isdigit()]
    for body in ("{" + ",".join([*given, '"model":"m"']) + streamed + "}", "{" + ", ".join(given) + streamed + "}"):
        if body.startswith("{,"):
            continue
        request = read_request("chat/completions", body.encode())
        route = a_route(max_output_tokens=100, max_tokens_field=field)
        sent = msgspec.json.decode(body_for(request, route))
        bound = max(bounds, default=100)
        assert sent.pop(field) == completion_bound(request, route) == bound
        # The other field is gone, but for the null that some callers write for none.
        assert [sent[name] for name in OBEYED if name in sent] in ([], [None])
        assert sent["model"] == "vendor-echo"


@pytest.mark.parametrize("field", OBEYED)
def test_a_completion_knows_one_bound_alone(field: MaxTokensField) -> None:
    route = a_route(max_output_tokens=100, max_tokens_field=field)
    for written, bound in ((b'"max_completion_tokens":7', 100), (b'"max_completion_tokens":7,"max_tokens":5', 5)):
        request = read_request("completions", b'{"prompt":"x",' + written + b"}")
        assert completion_bound(request, route) == bound
        assert msgspec.json.decode(body_for(request, route))["max_tokens"] == bound


def test_every_answer_is_counted() -> None:
    assert _read(b'{"model":"m","max_tokens":5,"n":3}')[1] == 15
    assert _read(b'{"prompt":["a","b"],"max_tokens":5,"n":3,"best_of":4}', "completions")[1] == 40
    assert _read(b'{"prompt":[[1,2],[3]],"max_tokens":5}', "completions")[1] == 10
    assert _read(b'{"prompt":[1,2,3],"max_tokens":5}', "completions")[1] == 5
    assert _read(b'{"input":"a"}', "embeddings")[1:] == (0, {"model": "vendor-echo", "input": "a"})


def test_the_prompt_is_bounded_by_its_bytes_and_by_the_context() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"hello"}]}'
    assert _read(body)[0] == len(body)
    assert _read(b'{"model":"m","messages":"' + b"x" * 5000 + b'"}')[0] == 1000
    assert _read(b'{"messages":[{"content":[{"type":"image_url","image_url":{"url":"u"}}]}]}')[0] == 1000


@pytest.mark.parametrize(
    ("operation", "items", "prompts"),
    [
        ("embeddings", ["x" * 900] * 5, 5),
        ("embeddings", [[1000] * 300] * 5, 5),
        ("embeddings", [{"text": "x" * 900}] * 5, 5),
        # Token ids are one prompt, and so is what is no list; the messages of a chat are one conversation.
        ("embeddings", [1000] * 900, 1),
        ("embeddings", "x" * 4500, 1),
        ("embeddings", [], 1),
        ("completions", ["x" * 900] * 5, 5),
        ("completions", [[1000] * 300] * 5, 5),
        ("completions", [1000] * 900, 1),
        ("chat/completions", [{"content": "x" * 900}] * 5, 1),
    ],
)
def test_each_prompt_of_a_batch_has_a_context_of_its_own(operation: Operation, items: object, prompts: int) -> None:
    name = {"embeddings": "input", "completions": "prompt"}.get(operation, "messages")
    body = msgspec.json.encode({"model": "m", name: items})
    request = read_request(operation, body)
    assert request.prompts == prompts
    assert prompt_bound(request, a_route(context_length=300)) == min(len(body), 300 * prompts)


@pytest.mark.parametrize("part", ["image_url", "video_url", "audio_url", "input_audio", "file"])
def test_a_part_that_is_no_text_is_taken_at_the_whole_context(part: str) -> None:
    body = msgspec.json.encode({"messages": [{"content": [{"type": part, part: {"url": "u"}}]}]})
    assert _read(body)[0] == 1000
    request = read_request(None, body)
    assert prompt_bound(request, a_route(context_length=None)) == len(body) + 2 * 4096
    batch = msgspec.json.encode({"input": [{part: "u"}, {"text": "x"}, {"text": "y"}]})
    assert _read(batch, "embeddings")[0] == 3000


@pytest.mark.parametrize(
    ("written", "bound"),
    [
        (rb'"image\u005furl"', 1000),
        (rb'"\u0069\u006D\u0061\u0067\u0065_url"', 1000),
        (rb'"f\u0069le"', 1000),
        (rb'"input\u005Faudio"', 1000),
        # Words in a text are no part, whatever letters they have.
        (rb'"say \u0022image_url\u0022"', None),
        (rb'"caf\u00e9"', None),
        (rb'"page_url"', None),
    ],
)
def test_a_part_that_is_no_text_is_known_however_its_letters_are_written(written: bytes, bound: int | None) -> None:
    body = b'{"messages":[{"content":[{' + written + b":1}]}]}"
    assert _read(body)[0] == (len(body) if bound is None else bound)


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (b"", {"include_usage": True}),
        (b',"stream_options":null', {"include_usage": True}),
        (b',"stream_options":{ }', {"include_usage": True}),
        (b',"stream_options":{"include_usage":false,"x":[1]}', {"include_usage": True, "x": [1]}),
        (b',"stream_options":{"x":{"include_usage":true}}', {"include_usage": True, "x": {"include_usage": True}}),
        (b',"stream_options":{"include_usage":true}', {"include_usage": True}),
    ],
)
def test_a_stream_always_asks_for_usage(options: bytes, sent: dict[str, object]) -> None:
    body = b'{"model":"m","stream":true' + options + b"}"
    assert _read(body)[2]["stream_options"] == sent
    wants = read_request("chat/completions", body).wants_usage
    assert wants == (options == b',"stream_options":{"include_usage":true}')


def test_an_empty_object_gets_its_members_with_commas_in_place() -> None:
    assert _read(b" { } ", "completions")[2] == {"model": "vendor-echo", "max_tokens": 100}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"model":1}', "model"),
        (b'{"stream":"yes"}', "stream"),
        (b'{"max_tokens":1.5}', "max_tokens"),
        (b'{"max_tokens":99999999999}', "max_tokens"),
        (b'{"n":0}', "n"),
        (b'{"stream":true,"stream_options":[]}', "stream_options"),
        (b'{"stream":true,"stream_options":{"include_usage":1}}', "include_usage"),
        (b'{"stream":true,"stream_options":{"include_usage":true,"include_usage":false}}', "stream_options"),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(body: bytes, param: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        read_request("chat/completions", body)
    assert refused.value.details["param"] == param


READ = [
    "model",
    "stream",
    "stream_options",
    "include_usage",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "best_of",
    "prompt",
    "messages",
    "input",
]
FOLDED = ["max_token\u017f", "me\u017f\u017fages", "\u017ftream", "max_to\u212aens", "Max_Completion_To\u212aen\u017f"]


@pytest.mark.parametrize("key", [changed for name in READ for changed in (name.upper(), name.capitalize())] + FOLDED)
@pytest.mark.parametrize("body", ['{"model":"m","%s":1}', '{"model":"m","stream":true,"stream_options":{"%s":1}}'])
def test_a_key_that_some_vendors_take_for_another_is_refused_by_its_name(body: str, key: str) -> None:
    with pytest.raises(RequestInvalid, match=f"'{key}' as '{key.casefold()}'. Write it as") as refused:
        read_request("chat/completions", (body % key).encode())
    assert refused.value.details["param"] == key


def test_a_name_that_is_written_with_escapes_and_names_of_nothing_here_pass() -> None:
    assert read_request(None, b'{"messages":[],"max_\\u0074okens":3}').max_output == 3
    assert read_request(None, b'{"messages":[],"Models":1,"topP":1,"metadata":{"Model":1}}').max_output is None


def test_the_body_tells_its_operation() -> None:
    assert read_request(None, b'{"messages":[]}').operation == "chat/completions"
    assert read_request(None, b'{"prompt":"x"}').operation == "completions"
    assert read_request(None, b'{"input":"x"}').operation == "embeddings"
    with pytest.raises(RequestInvalid):
        read_request(None, b"{}")
