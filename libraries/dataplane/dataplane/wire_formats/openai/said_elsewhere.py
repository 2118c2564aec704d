"""What a stream's payload says under names that OpenAI's own text does not have; read where no such text was found."""

import msgspec

from dataplane.wire_formats.openai.reply_shapes import OTHER_FORM


class _Choice(msgspec.Struct):
    delta: dict[str, object] | None = None


class _Payload(msgspec.Struct):
    choices: list[_Choice] | None = None


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Custom(msgspec.Struct):
    name: str | None = None
    input: str | None = None


class _ToolCall(msgspec.Struct):
    custom: _Custom | None = None


class _Audio(msgspec.Struct):
    transcript: str | None = None


class _Detail(msgspec.Struct):
    text: str | None = None
    summary: str | None = None
    data: str | None = None


class _Named(msgspec.Struct):
    """Names of Ollama, vLLM and OpenRouter, and those of OpenAI that few use."""

    reasoning: str | None = None
    thinking: str | None = None
    reasoning_details: list[_Detail] | None = None
    function_call: _Function | None = None
    tool_calls: list[_ToolCall] | None = None
    audio: _Audio | None = None

    def text(self) -> str:
        """All of it; reasoning once, as some vendors give the same under several names."""
        said = [self.reasoning or self.thinking or "".join(map(_detailed, self.reasoning_details or ()))]
        if self.function_call is not None:
            said += [self.function_call.name or "", self.function_call.arguments or ""]
        for custom in [call.custom for call in self.tool_calls or () if call.custom is not None]:
            said += [custom.name or "", custom.input or ""]
        if self.audio is not None:
            said.append(self.audio.transcript or "")
        return "".join(said)


_read = msgspec.json.Decoder(_Payload).decode


def bytes_elsewhere(data: bytes) -> int | None:
    """Bytes of text in a payload that `read_chunk` takes; 0 where something is said that nobody knows, None if nothing.

    Sound counts as its transcript: its own bytes say little about its tokens.
    """
    said = [delta for delta in _deltas(data) if any(value for name, value in delta.items() if name != "role")]
    return sum(map(_size, said)) if said else None


def _deltas(data: bytes) -> list[dict[str, object]]:
    try:
        return [choice.delta for choice in _read(data).choices or () if choice.delta]
    except OTHER_FORM:
        # A part that `read_chunk` skips, and that cannot be read.
        return [{"": data}]


def _size(delta: dict[str, object]) -> int:
    try:
        return len(msgspec.convert(delta, _Named).text().encode())
    except msgspec.ValidationError:
        return 0


def _detailed(detail: _Detail) -> str:
    return detail.text or detail.summary or detail.data or ""
