"""Usage and content of OpenAI replies: what was used, read from the vendor's own bytes."""

import msgspec

from dataplane.usage import Usage, believable


class _PromptDetails(msgspec.Struct, gc=False):
    cached_tokens: int | None = None


class _ReportedUsage(msgspec.Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None


class _Plain(msgspec.Struct, gc=False):
    usage: msgspec.Raw = msgspec.Raw()


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(msgspec.Struct, gc=False):
    function: _Function | None = None


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    text: str | None = None


class Chunk(msgspec.Struct, gc=False):
    """One payload of a stream, as far as it matters here."""

    choices: list[_Choice] | None = None
    usage: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()

    def has_error(self) -> bool:
        """Whether this payload is an error of the vendor's."""
        return bool(self.error) and self.error != _NULL

    def content_bytes(self) -> int:
        """Bytes of text, reasoning and tool arguments in this payload."""
        size = 0
        for choice in self.choices or ():
            said, delta = choice.text, choice.delta
            if not said and delta is not None:
                said = delta.content or ""
                if delta.reasoning_content:
                    said += delta.reasoning_content
                if delta.refusal:
                    said += delta.refusal
                if delta.tool_calls:
                    said += _called(delta.tool_calls)
            if said:
                size += len(said.encode())
        return size


_NULL = msgspec.Raw(b"null")
_plain_decoder = msgspec.json.Decoder(_Plain)
_usage_decoder = msgspec.json.Decoder(_ReportedUsage)

# Reads a stream's payload; raises one of NOT_A_CHUNK where it does not have the expected form.
read_chunk = msgspec.json.Decoder(Chunk).decode
NOT_A_CHUNK = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def reply_usage(body: bytes) -> Usage | None:
    """The usage of a plain reply; None where it reports none that can be believed."""
    try:
        return usage_of(_plain_decoder.decode(body).usage)
    except (msgspec.DecodeError, RecursionError):
        return None


def usage_of(raw: msgspec.Raw) -> Usage | None:
    """A usage object; None where it is null, holds no count, or cannot be believed."""
    if not raw or raw == _NULL:
        return None
    try:
        usage = _usage_decoder.decode(raw)
    except msgspec.DecodeError:
        return None
    prompt, completion, details = usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens_details
    if prompt is None and completion is None:
        return None
    return believable(prompt or 0, completion or 0, 0 if details is None else details.cached_tokens or 0)


def _called(calls: list[_ToolCall]) -> str:
    functions = [call.function for call in calls if call.function is not None]
    return "".join([(function.name or "") + (function.arguments or "") for function in functions])
