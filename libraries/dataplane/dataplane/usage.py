"""What a call used, in tokens, as the vendor reported it or as counted from the bytes seen."""

import msgspec

from dataplane.whole_numbers import Amount

# As many as a call may ask for; at the dearest price that is taken, the cost of a call still has 63 bits.
MOST_TOKENS_BELIEVED = 1 << 31


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Tokens of one call; `cached_prompt_tokens` are part of the prompt, reasoning is part of the completion."""

    prompt_tokens: Amount
    completion_tokens: Amount = 0
    cached_prompt_tokens: Amount = 0
    estimated: bool = False

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together: what a token quota counts."""
        return self.prompt_tokens + self.completion_tokens


NOTHING_USED = Usage(0)
