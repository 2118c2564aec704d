"""What POST /v1/chat/completions takes; fields of other vendors are let pass and ignored."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from demo_provider.whole_number import WHOLE

STRICT = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)
ModelName = Annotated[str, Field(min_length=1, max_length=256)]
Stop = str | Annotated[list[str], Field(max_length=4)] | None
Penalty = Annotated[float, Field(ge=-2, le=2)] | None


class TextPart(BaseModel):
    """A piece of text in a message."""

    model_config = STRICT
    type: Literal["text"]
    text: str


class ImageUrl(BaseModel):
    """Where an image is; the demo never fetches it."""

    model_config = STRICT
    url: str


class ImagePart(BaseModel):
    """An image in a message: it is charged for, and not looked at."""

    model_config = STRICT
    type: Literal["image_url"]
    image_url: ImageUrl


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class Message(BaseModel):
    """One turn of the talk."""

    model_config = STRICT
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    name: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None


class FunctionOffer(BaseModel):
    """A function that the caller could run; `parameters` is a JSON schema."""

    model_config = STRICT
    name: Annotated[str, Field(min_length=1, max_length=64)]
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Tool(BaseModel):
    """A tool on offer."""

    model_config = STRICT
    type: Literal["function"]
    function: FunctionOffer


class FunctionName(BaseModel):
    """Names one function."""

    model_config = STRICT
    name: str


class NamedTool(BaseModel):
    """The tool that must be called."""

    model_config = STRICT
    type: Literal["function"]
    function: FunctionName


class JsonSchemaFormat(BaseModel):
    """The schema that the reply must fit."""

    model_config = ConfigDict(strict=True, extra="ignore", populate_by_name=True)
    name: str
    wanted: dict[str, Any] = Field(default_factory=dict[str, Any], alias="schema")


class ResponseFormat(BaseModel):
    """Text, any JSON object, or JSON of a schema (any object where none is given)."""

    model_config = STRICT
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchemaFormat | None = None


class StreamOptions(BaseModel):
    """What a stream carries besides the text."""

    model_config = STRICT
    include_usage: bool | None = None


class SamplingRequest(BaseModel):
    """What chat and text completions have in common; temperature and penalties are checked and change nothing."""

    model_config = STRICT
    model: ModelName
    max_tokens: Annotated[int, Field(ge=1), WHOLE] | None = None
    n: Annotated[int, Field(ge=1, le=8), WHOLE] | None = None
    stop: Stop = None
    seed: Annotated[int, WHOLE] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    presence_penalty: Penalty = None
    frequency_penalty: Penalty = None
    user: str | None = None

    @property
    def stops(self) -> list[str]:
        """The texts before which a reply ends."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with its usage."""
        return bool(self.stream_options and self.stream_options.include_usage)


class ChatRequest(SamplingRequest):
    """A talk to be continued."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=2048)]
    max_completion_tokens: Annotated[int, Field(ge=1), WHOLE] | None = None
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
    response_format: ResponseFormat | None = None
