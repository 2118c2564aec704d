"""What OpenAI replies are made of, as far as it matters here."""

import msgspec


class _PromptDetails(msgspec.Struct, gc=False):
    cached_tokens: int | None = None


class _ReportedUsage(msgspec.Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    # Read apart: whatever stands here, the other counts are read.
    total_tokens: msgspec.Raw = msgspec.Raw()
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
        return bool(self.error) and self.error != NULL

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


NULL = msgspec.Raw(b"null")
read_plain = msgspec.json.Decoder(_Plain).decode
read_usage = msgspec.json.Decoder(_ReportedUsage).decode
read_count = msgspec.json.Decoder(int).decode

read_chunk = msgspec.json.Decoder(Chunk).decode
# What each of these raises where the bytes do not have the expected form.
OTHER_FORM = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def _called(calls: list[_ToolCall]) -> str:
    functions = [call.function for call in calls if call.function is not None]
    return "".join([(function.name or "") + (function.arguments or "") for function in functions])
