"""How a text completion is counted and answered."""

from demo_provider.answers.plan import Choice, Limits, text_choice
from demo_provider.answers.reply import reply_to
from demo_provider.answers.text_request import TextRequest
from demo_provider.tokens.rules import count_prompt, tokenize

# As OpenAI does for this old endpoint.
DEFAULT_MAX_TOKENS = 16


def prompt_tokens(request: TextRequest) -> int:
    """The tokens of all prompts."""
    return sum(map(count_prompt, request.prompts()))


def choices_of(request: TextRequest, wished_tokens: int) -> tuple[Choice, ...]:
    """`n` replies to each prompt; with `echo` each begins with its prompt, which is charged again."""
    limits = Limits(wished_tokens, request.max_tokens or DEFAULT_MAX_TOKENS, request.stops)
    each = request.n or 1
    return tuple(
        _choice(prompt, place * each + turn, request, limits)
        for place, prompt in enumerate(request.prompts())
        for turn in range(each)
    )


def _choice(prompt: str | list[int], index: int, request: TextRequest, limits: Limits) -> Choice:
    text = prompt if isinstance(prompt, str) else " ".join(map(str, prompt))
    choice = text_choice(index, reply_to(text, request.seed, index), limits)
    if not request.echo:
        return choice
    return Choice(index, (*tokenize(text), *choice.pieces), choice.finish_reason)
