"""Which field bounds the answer of a chat, by the host that its vendor is reached at."""

from dataplane.records import MaxTokensField

# OpenAI's reasoning models refuse max_tokens, and all of its models take the other one (October 2024). Hosts of one
# region, and each customer's at Azure, have a name of their own in front.
_HOSTS = ("api.openai.com",)
_SUFFIXES = (".api.openai.com", ".openai.azure.com", ".openai.azure.us", ".cognitiveservices.azure.com")


def max_tokens_field_of(host: str) -> MaxTokensField:
    """The field that the vendor at this host, written in small letters, obeys; max_tokens at hosts nobody knows."""
    return "max_completion_tokens" if host in _HOSTS or host.endswith(_SUFFIXES) else "max_tokens"
