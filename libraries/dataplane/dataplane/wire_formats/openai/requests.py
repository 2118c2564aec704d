"""Reads the few fields of an OpenAI request that the call path needs, and splices the few that it sets.

The caller's bytes are forwarded otherwise untouched.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeVar

import msgspec

from dataplane.json_members import JsonMembers, NotAnObject, Splice, spliced
from dataplane.records import Route
from dataplane.refusals import RequestInvalid
from dataplane.wire_formats.openai.look_alike_keys import check_keys

Operation = Literal["chat/completions", "completions", "embeddings"]
_CHAT: Operation = "chat/completions"

_T = TypeVar("_T")
_NULL = msgspec.Raw(b"null")
_STR = (msgspec.json.Decoder(str), "a string")
_BOOL = (msgspec.json.Decoder(bool), "true or false")
_INT = (msgspec.json.Decoder(int), "a whole number")
_MOST_OUTPUT = 1 << 31
_MOST_TOGETHER = 1 << 31
# What a call's tokens are a product of.
_MULTIPLIED = ("max_tokens", "max_completion_tokens", "n", "best_of", "prompt", "input")
_MOST_CHOICES = 1024
_LEAST_OUTPUT = 16
# A part that is not text has one of these in it; which parts there are is then looked at once more.
_URL = b'_url"'
_AUDIO = b'"input_audio"'
_FILE = b'"file"'
_PART = re.compile(rb'"(?:image_url|video_url|audio_url|input_audio|file)"')
# A letter may be written as its number.
_ESCAPE = b"\\u00"
_ESCAPED_LETTER = re.compile(rb"\\u00([4-7][0-9A-Fa-f])")
# Without any of these a request has one prompt and one answer.
_MULTIPLIERS = frozenset({"n", "best_of", "prompt", "input"})
_TOKEN_IDS = msgspec.json.Decoder(list[int])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_ROUGH_TOKENS_PER_PART = 4096


@dataclass(slots=True)
class OpenAiRequest:
    """A request as far as it matters here.

    The vendor reads each of the `prompts` into a context of its own; `choices` counts all the answers that it writes.
    """

    operation: Operation
    members: JsonMembers
    model: str | None
    stream: bool
    wants_usage: bool
    max_output: int | None
    prompts: int
    choices: int


def read_request(operation: Operation | None, body: bytes) -> OpenAiRequest:
    """Read and check what the call path needs; without an operation, the field that holds the input tells it.

    Raises RequestInvalid naming the field.
    """
    members = _members(body, None)
    raw = members.raw
    if operation is None:
        operation = _operation_of(raw)
    # Out of the members that were found: to decode the body for these alone would be to go through its prompt again.
    model, stream = _value(members, "model", _STR), _value(members, "stream", _BOOL) is True
    most = _count(members, "max_tokens", 0, _MOST_OUTPUT)
    other = None if operation != _CHAT else _count(members, "max_completion_tokens", 0, _MOST_OUTPUT)
    prompts = choices = 1
    if not _MULTIPLIERS.isdisjoint(raw):
        prompts = _prompts(members, operation)
        choices = prompts * _choices(members)
    return OpenAiRequest(
        operation,
        members,
        model,
        stream,
        stream and _wants_usage(members),
        most if other is None else other if most is None else max(most, other),
        prompts,
        choices,
    )


def _operation_of(raw: Mapping[str, msgspec.Raw]) -> Operation:
    for name, operation in _OPERATION_BY_INPUT.items():
        if name in raw:
            return operation
    raise RequestInvalid("The body needs 'messages', 'prompt' or 'input'.", param="messages")


_OPERATION_BY_INPUT: dict[str, Operation] = {
    "messages": "chat/completions",
    "prompt": "completions",
    "input": "embeddings",
}


def prompt_bound(request: OpenAiRequest, route: Route) -> int:
    """The most tokens that the prompt can be; raises RequestInvalid where no call is so large.

    A token of a byte-level tokenizer covers at least one byte, and JSON only lengthens text, so the body's length
    bounds its text with room for the marks around each message. No more fits into the contexts of all prompts, where
    the context's length is known. Parts that are not text are taken at all of that, else at 4,096 tokens each. What a
    vendor adds beyond this shows as overdraft.
    """
    body = request.members.body
    bound, context = len(body), route.context_length
    most = None if context is None else context * request.prompts
    if _ESCAPE in body:
        body = _ESCAPED_LETTER.sub(_unescaped, body)
    if _URL in body or _AUDIO in body or _FILE in body:
        parts = len(_PART.findall(body))
        if parts and most is not None:
            return _within_reason(request, most)
        bound += _ROUGH_TOKENS_PER_PART * parts
    return bound if most is None or bound < most else most


def _unescaped(letter: "re.Match[bytes]") -> bytes:
    return bytes([int(letter[1], 16)])


def output_limit(request: OpenAiRequest, route: Route) -> int:
    """Tokens that one answer may have: what the caller asked for, else the route's own bound within the context."""
    if request.operation == "embeddings":
        return 0
    if request.max_output is not None:
        return request.max_output
    if route.context_length is None:
        return route.max_output_tokens
    likely_prompt = (len(request.members.body) + 1) // 2
    return min(route.max_output_tokens, max(_LEAST_OUTPUT, route.context_length - likely_prompt))


def completion_bound(request: OpenAiRequest, route: Route) -> int:
    """The most tokens that all answers together can have; raises RequestInvalid where no call writes so many."""
    return _within_reason(request, output_limit(request, route) * request.choices)


def _within_reason(request: OpenAiRequest, bound: int) -> int:
    """The bound itself: what multiplies to more is a mistake, and a key's rates would owe it for a day."""
    if bound <= _MOST_TOGETHER:
        return bound
    given = [name for name in _MULTIPLIED if name in request.members.raw]
    named = " and ".join(f"'{name}'" for name in given)
    said = f"Together {named} ask for up to {bound} tokens; a call may ask for {_MOST_TOGETHER}."
    raise RequestInvalid(said, param=given[0] if given else None)


def body_for(request: OpenAiRequest, route: Route) -> bytes:
    """The caller's bytes with the vendor's model name, a bound on the answer, and the wish for usage set."""
    members, model = request.members, _json_text(route.upstream_model)
    bounding = _bounding(request, route)
    silent = request.stream and not request.wants_usage and route.reports_stream_usage
    if not bounding and not silent:
        return members.with_value("model", model)
    splices = [members.setting("model", model), *bounding]
    if silent:
        splices.append(_asking_for_usage(members))
    return spliced(members.body, splices if members.raw else _in_order(splices))


def _bounding(request: OpenAiRequest, route: Route) -> tuple[Splice, ...]:
    """What makes the vendor keep the bound: it is written in the one field that the vendor obeys.

    Some vendors ignore the other field and some refuse it, so a bound that came in it is moved.
    """
    members, operation = request.members, request.operation
    if operation == "embeddings":
        return ()
    field = route.max_tokens_field if operation == _CHAT else "max_tokens"
    if request.max_output is None:
        return (members.setting(field, _limit_text(request, route)),)
    other = "max_tokens" if field == "max_completion_tokens" else "max_completion_tokens"
    if operation != _CHAT or members.raw.get(other, _NULL) == _NULL:
        return ()
    limit = _limit_text(request, route)
    if field in members.raw:
        return members.setting(field, limit), members.removing(other)
    return (members.replacing(other, field, limit),)


def _limit_text(request: OpenAiRequest, route: Route) -> bytes:
    return str(output_limit(request, route)).encode()


@lru_cache(maxsize=1024)
def _json_text(text: str) -> bytes:
    return msgspec.json.encode(text)


def _in_order(splices: list[Splice]) -> list[Splice]:
    """New members of an empty object need a comma between them, none after the last."""
    inserted = [(start, end, value.rstrip(b",")) for start, end, value in splices]
    return [*((start, end, value + b",") for start, end, value in inserted[:-1]), inserted[-1]]


def _asking_for_usage(members: JsonMembers) -> Splice:
    span = members.span("stream_options")
    if span is None or members.raw["stream_options"] == _NULL:
        return members.setting("stream_options", b'{"include_usage":true}')
    options = _members(bytes(members.raw["stream_options"]), "stream_options")
    start, end, value = options.setting("include_usage", b"true")
    return span[0] + start, span[0] + end, value


def _wants_usage(members: JsonMembers) -> bool:
    raw = members.raw.get("stream_options")
    if raw is None or raw == _NULL:
        return False
    wanted = _value(_members(bytes(raw), "stream_options"), "include_usage", _BOOL)
    return wanted is True


def _choices(members: JsonMembers) -> int:
    counts = [_count(members, name, 1, _MOST_CHOICES) or 1 for name in ("n", "best_of")]
    return max(counts)


def _prompts(members: JsonMembers, operation: Operation) -> int:
    """Prompts of a completion, inputs of embeddings: a list is as many, but one of token ids is one prompt."""
    raw = members.raw.get(_BATCH_BY_OPERATION.get(operation, ""))
    if raw is None or not bytes(raw).startswith(b"["):
        return 1
    try:
        _TOKEN_IDS.decode(raw)
    except msgspec.ValidationError:
        return len(_ITEMS.decode(raw))
    return 1


# The messages of a chat are one prompt.
_BATCH_BY_OPERATION: dict[Operation, str] = {"completions": "prompt", "embeddings": "input"}


def _members(body: bytes, param: str | None) -> JsonMembers:
    try:
        members = JsonMembers(body)
    except NotAnObject as error:
        raise RequestInvalid(f"The body is not one JSON object: {error}", param=param) from error
    check_keys(members.raw)
    return members


def _value(members: JsonMembers, name: str, kind: tuple[msgspec.json.Decoder[_T], str]) -> _T | None:
    raw = members.raw.get(name)
    if raw is None or raw == _NULL:
        return None
    try:
        return kind[0].decode(raw)
    except msgspec.DecodeError as error:
        raise RequestInvalid(f"'{name}' must be {kind[1]}.", param=name) from error


def _count(members: JsonMembers, name: str, least: int, most: int) -> int | None:
    number = _value(members, name, _INT)
    if number is not None and not least <= number <= most:
        raise RequestInvalid(f"'{name}' must be from {least} to {most}.", param=name)
    return number
