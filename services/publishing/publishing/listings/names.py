"""Names of listings, `team-slug/name`, and those that nobody may take because callers know them as something else."""

import re
from dataclasses import dataclass

from chassis.errors import InvalidInput

MAX_LENGTH = 64
PATTERN = r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$"
_FORM = re.compile(PATTERN, re.ASCII)

# Where a bare name picks a vendor by pattern, a listing of that name would be mistaken for it.
_RESERVED_PREFIXES = (
    "gpt-", "gpt4", "chatgpt", "o1-", "o3-", "o4-", "dall-e", "whisper-", "tts-", "text-embedding-", "text-davinci",
    "claude-", "gemini-", "gemma-", "palm-", "command-", "llama", "mistral-", "mixtral-", "codestral", "ministral",
    "deepseek-", "qwen", "grok-", "phi-", "nova-", "titan-", "jamba", "sonar", "kimi-", "glm-", "ernie-", "nemotron",
)  # fmt: skip
_RESERVED_NAMES = frozenset(
    ["auto", "default", "claude", "gemini", "gemma", "mistral", "grok", "o1", "o3", "o4", "gpt", "command", "sora"]
)
VENDORS = frozenset(
    [
        "openai", "anthropic", "google", "meta", "meta-llama", "mistralai", "cohere", "xai", "x-ai", "deepseek",
        "amazon", "aws", "bedrock", "azure", "microsoft", "nvidia", "openrouter", "perplexity", "groq", "together",
        "fireworks", "huggingface", "alibaba", "qwen", "moonshotai", "ai21", "marketplace", "catalogue",
    ]
)  # fmt: skip


class NameRefused(InvalidInput):
    """The name has the wrong form."""

    code = "name_refused"


class NameReserved(InvalidInput):
    """The name belongs to a vendor or a well-known model."""

    code = "name_reserved"


@dataclass(frozen=True)
class FullName:
    """A listing's name with its team's slug."""

    team_slug: str
    name: str

    def __str__(self) -> str:
        return f"{self.team_slug}/{self.name}"


def name_to_publish(wanted: str, team_slug: str) -> str:
    """The name inside the team; `team-slug/name` is taken too. Raises NameRefused or NameReserved."""
    head, slash, tail = wanted.partition("/")
    if slash and head != team_slug:
        raise NameRefused(f"You publish as {team_slug}: write the name alone, or {team_slug}/name.", pointer="/name")
    name = tail if slash else wanted
    if not _FORM.fullmatch(name):
        raise NameRefused(
            "A name has 1 to 64 of a-z, 0-9, dot, dash and underscore, and begins and ends with a letter or digit.",
            pointer="/name",
        )
    if name in _RESERVED_NAMES or name in VENDORS or name.startswith(_RESERVED_PREFIXES):
        raise NameReserved(
            f"{name} reads like a vendor's model, which callers would mistake it for: choose a name of your own.",
            pointer="/name",
        )
    if team_slug in VENDORS:
        raise NameReserved(f"The slug {team_slug} is reserved: nothing can be published under it.", pointer="/name")
    return name


def split_version(text: str) -> tuple[str, str]:
    """`listing@version` as its two parts; the version is empty where there is none."""
    listing, _, version = text.partition("@")
    return listing, version
