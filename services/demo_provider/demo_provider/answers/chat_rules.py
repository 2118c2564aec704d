"""How a chat is counted and answered."""

import json

from demo_provider.answers.chat_request import ChatRequest, FunctionOffer, Message, NamedTool, TextPart
from demo_provider.answers.plan import Choice, Limits, text_choice, tool_choice
from demo_provider.answers.reply import reply_to
from demo_provider.answers.schema_instance import instance_of
from demo_provider.tokens.rules import IMAGE_TOKENS, MESSAGE_FRAME, REPLY_FRAME, count, count_json


def prompt_tokens(request: ChatRequest) -> int:
    """Each message's frame, role, name, text, images and calls; the tools on offer; the frame of the reply."""
    tools = [tool.model_dump(exclude_none=True) for tool in request.tools or []]
    return sum(map(_message_tokens, request.messages)) + (count_json(tools) if tools else 0) + REPLY_FRAME


def _message_tokens(message: Message) -> int:
    parts = message.content if isinstance(message.content, list) else []
    images = sum(not isinstance(part, TextPart) for part in parts)
    calls = count_json(message.tool_calls) if message.tool_calls else 0
    spoken = count(message.role) + count(message.name or "") + count(text_of(message))
    return MESSAGE_FRAME + spoken + IMAGE_TOKENS * images + calls


def text_of(message: Message) -> str:
    """The words of a message."""
    if isinstance(message.content, str):
        return message.content
    return "\n".join(part.text for part in message.content or [] if isinstance(part, TextPart))


def choices_of(request: ChatRequest, wished_tokens: int) -> tuple[Choice, ...]:
    """The replies: a call of a tool where one is demanded, JSON where that is, else text."""
    bounds = [bound for bound in (request.max_completion_tokens, request.max_tokens) if bound]
    limits = Limits(wished_tokens, min(bounds, default=None), request.stops)
    return tuple(_choice(request, index, limits) for index in range(request.n or 1))


def _choice(request: ChatRequest, index: int, limits: Limits) -> Choice:
    offer = demanded_tool(request)
    if offer is not None:
        return tool_choice(index, offer.name, json.dumps(instance_of(offer.parameters) or {}))
    last = text_of(request.messages[-1])
    if request.response_format is None or request.response_format.type == "text":
        return text_choice(index, reply_to(last, request.seed, index), limits)
    return text_choice(index, _json_reply(request), Limits(0, limits.max_tokens, limits.stops))


def demanded_tool(request: ChatRequest) -> FunctionOffer | None:
    """The tool that must be called: the one named, or the first where any is required."""
    offers = [tool.function for tool in request.tools or []]
    if isinstance(request.tool_choice, NamedTool):
        wanted = request.tool_choice.function.name
        return next((offer for offer in offers if offer.name == wanted), None)
    return offers[0] if offers and request.tool_choice == "required" else None


def _json_reply(request: ChatRequest) -> str:
    wanted = request.response_format.json_schema if request.response_format else None
    if wanted is not None and wanted.wanted:
        return json.dumps(instance_of(wanted.wanted))
    return json.dumps({"demo": True, "note": "This is a demo, not a language model."})
