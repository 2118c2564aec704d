"""A chat answer as OpenAI writes it."""

from typing import Any

from demo_provider.answers.plan import Choice
from demo_provider.answers.wire_format import WireFormat


def _call(choice: Choice, arguments: str) -> dict[str, Any]:
    call_id = f"call_demo_{choice.index}"
    return {"id": call_id, "type": "function", "function": {"name": choice.tool, "arguments": arguments}}


def _whole(choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None if choice.tool else choice.text, "refusal": None}
    if choice.tool:
        message["tool_calls"] = [_call(choice, choice.text)]
    return {"index": choice.index, "message": message, "logprobs": None, "finish_reason": choice.finish_reason}


def _delta(choice: Choice, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": choice.index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _opening(choice: Choice) -> dict[str, Any]:
    if choice.tool:
        calls = [{"index": 0, **_call(choice, "")}]
        return _delta(choice, {"role": "assistant", "content": None, "tool_calls": calls})
    return _delta(choice, {"role": "assistant", "content": ""})


def _step(choice: Choice, piece: str) -> dict[str, Any]:
    if choice.tool:
        return _delta(choice, {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
    return _delta(choice, {"content": piece})


def _closing(choice: Choice) -> dict[str, Any]:
    return _delta(choice, {}, choice.finish_reason)


CHAT = WireFormat("chatcmpl-", "chat.completion", "chat.completion.chunk", _whole, _opening, _step, _closing)
