"""What POST /v1/embeddings takes."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from demo_provider.whole_number import WHOLE, Tokens

Text = Annotated[str, Field(min_length=1)]


class EmbeddingRequest(BaseModel):
    """One text or many, as text or as tokens."""

    model_config = ConfigDict(
        strict=True, extra="ignore", json_schema_extra={"example": {"model": "demo-embed", "input": "two words"}}
    )

    model: Annotated[str, Field(min_length=1, max_length=256)]
    input: (
        Text
        | Annotated[list[Text], Field(min_length=1, max_length=2048)]
        | Tokens
        | Annotated[list[Tokens], Field(min_length=1, max_length=128)]
    )
    dimensions: Annotated[int, Field(ge=1, le=1536), WHOLE] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None

    def inputs(self) -> list[str] | list[list[int]] | list[str | list[int]]:
        """The texts, one by one."""
        if isinstance(self.input, str):
            return [self.input]
        if all(isinstance(item, int) for item in self.input):
            return [[item for item in self.input if isinstance(item, int)]]
        return [item for item in self.input if not isinstance(item, int)]
