"""What POST /v1/completions takes."""

from typing import Annotated

from pydantic import Field

from demo_provider.answers.chat_request import SamplingRequest
from demo_provider.whole_number import Tokens


class TextRequest(SamplingRequest):
    """One prompt or several, as text or as tokens."""

    prompt: (
        str
        | Annotated[list[str], Field(min_length=1, max_length=16)]
        | Tokens
        | Annotated[list[Tokens], Field(min_length=1, max_length=16)]
    )
    echo: bool | None = None

    def prompts(self) -> list[str | list[int]]:
        """The prompts, one by one."""
        if isinstance(self.prompt, str):
            return [self.prompt]
        numbers = [item for item in self.prompt if isinstance(item, int)]
        return [numbers] if numbers else [item for item in self.prompt if not isinstance(item, int)]
