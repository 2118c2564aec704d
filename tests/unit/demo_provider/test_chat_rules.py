"""How the demo counts and answers a chat."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from demo_provider.answers.chat_format import CHAT
from demo_provider.answers.chat_request import ChatRequest
from demo_provider.answers.chat_rules import choices_of, prompt_tokens
from demo_provider.answers.plan import Plan

TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    },
}


def chat(content: Any = "Good morning to you", **more: Any) -> ChatRequest:
    body = {"model": "demo-chat", "messages": [{"role": "user", "content": content}], **more}
    return ChatRequest.model_validate_json(json.dumps(body))


def plan(request: ChatRequest, wished: int = 0) -> Plan:
    return Plan("req_1", 0, request.model, prompt_tokens(request), choices_of(request, wished))


def test_a_reply_says_that_it_comes_from_a_demo_and_quotes_the_prompt() -> None:
    text = choices_of(chat(), 0)[0].text
    assert "demo" in text
    assert "Good morning to you" in text


def test_the_same_request_gets_the_same_reply_and_another_seed_may_not() -> None:
    assert choices_of(chat(seed=1), 0) == choices_of(chat(seed=1), 0)
    assert len({choices_of(chat(seed=seed), 0)[0].text for seed in range(20)}) > 1


def test_several_choices_differ_and_are_all_charged() -> None:
    choices = choices_of(chat(n=3), 0)
    assert len({choice.text for choice in choices}) == 3
    assert plan(chat(n=3)).completion_tokens == sum(len(choice.pieces) for choice in choices)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_cuts_the_reply_to_the_token(name: str) -> None:
    choice = choices_of(chat(**{name: 5}), 0)[0]
    assert (len(choice.pieces), choice.finish_reason) == (5, "length")


def test_a_limit_that_is_not_reached_changes_nothing() -> None:
    assert choices_of(chat(max_tokens=5000), 0)[0].finish_reason == "stop"


@pytest.mark.parametrize("stop", ["message", ["never said", "message"]])
def test_a_stop_ends_the_reply_before_itself(stop: Any) -> None:
    choice = choices_of(chat(stop=stop), 0)[0]
    assert "message" not in choice.text
    assert choice.finish_reason == "stop"


def test_a_wished_length_is_met_to_the_token() -> None:
    assert len(choices_of(chat(), 500)[0].pieces) == 500


def test_a_required_tool_is_called_with_arguments_of_its_schema() -> None:
    choice = choices_of(chat(tools=[TOOL], tool_choice="required"), 0)[0]
    assert (choice.tool, choice.finish_reason) == ("weather", "tool_calls")
    assert json.loads(choice.text) == {"city": "demo", "days": 0}


@pytest.mark.parametrize("choice", ["auto", "none", {"type": "function", "function": {"name": "unknown"}}])
def test_a_tool_that_is_not_demanded_is_not_called(choice: Any) -> None:
    assert choices_of(chat(tools=[TOOL], tool_choice=choice), 0)[0].tool is None


def test_json_is_answered_where_json_is_asked_for() -> None:
    schema = {"type": "object", "properties": {"mood": {"enum": ["calm", "busy"]}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "mood", "schema": schema}}
    assert json.loads(choices_of(chat(response_format=wanted), 0)[0].text) == {"mood": "calm"}
    assert json.loads(choices_of(chat(response_format={"type": "json_object"}), 0)[0].text)["demo"] is True


def test_every_part_of_a_message_is_charged() -> None:
    text = [{"type": "text", "text": "Good morning to you"}]
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    assert prompt_tokens(chat(text)) == prompt_tokens(chat())
    assert prompt_tokens(chat([*text, image])) == prompt_tokens(chat()) + 85
    assert prompt_tokens(chat(tools=[TOOL])) > prompt_tokens(chat())


@pytest.mark.parametrize(
    "more",
    [{}, {"n": 3}, {"max_tokens": 2}, {"tools": [TOOL], "tool_choice": "required"}, {"stop": "demo"}],
)
def test_a_stream_gives_the_tokens_and_the_text_of_the_whole(more: dict[str, Any]) -> None:
    whole = plan(chat(**more))
    chunks = list(CHAT.chunks(whole, with_usage=True))
    assert sum(tokens for _, tokens in chunks) == whole.completion_tokens
    assert chunks[-1][0]["usage"] == CHAT.plain(whole, with_usage=True)["usage"]
    for choice in whole.choices:
        deltas = [c["delta"] for body, _ in chunks for c in body["choices"] if c["index"] == choice.index]
        said = "".join(delta.get("content") or "" for delta in deltas)
        called = "".join(call["function"]["arguments"] for delta in deltas for call in delta.get("tool_calls", []))
        assert said + called == choice.text


@pytest.mark.parametrize(
    "more",
    [{"n": 0}, {"n": 9}, {"temperature": 3}, {"max_tokens": 0}, {"stop": ["x"] * 5}, {"messages": []}, {"n": "1"}],
)
def test_values_out_of_bounds_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        chat(**more)
