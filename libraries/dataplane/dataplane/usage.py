"""What a call used, in tokens, as the vendor reported it or as counted from the bytes seen."""

import msgspec

MOST_TOKENS_BELIEVED = 1 << 40


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one call; `cached_prompt_tokens` are part of the prompt, reasoning is part of the completion."""

    prompt_tokens: int
    completion_tokens: int = 0
    cached_prompt_tokens: int = 0
    estimated: bool = False

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together: what a token quota counts."""
        return self.prompt_tokens + self.completion_tokens


NOTHING_USED = Usage(0)


def believable(prompt: int, completion: int, cached: int) -> Usage | None:
    """A reported usage, or None where the numbers cannot be true (negative, or beyond 2^40)."""
    if not 0 <= prompt <= MOST_TOKENS_BELIEVED or not 0 <= completion <= MOST_TOKENS_BELIEVED:
        return None
    return Usage(prompt, completion, min(max(cached, 0), prompt))
