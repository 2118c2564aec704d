"""What a leaked secret looks like: the fixed shapes that vendors give their keys, never a guess by entropy.

Every pattern is linear: one literal beginning and one bounded run of characters.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class SecretShape:
    """A kind of secret, the letters it must contain, and its whole shape."""

    name: str
    hint: str
    pattern: re.Pattern[str]


_EDGE = r"(?<![A-Za-z0-9_-])"

SHAPES: tuple[SecretShape, ...] = (
    SecretShape("private key", "PRIVATE KEY-----", re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,2}PRIVATE KEY-----")),
    SecretShape("AWS access key", "AKIA", re.compile(_EDGE + r"AKIA[0-9A-Z]{16}(?![0-9A-Za-z])")),
    SecretShape("GitHub token", "gh", re.compile(_EDGE + r"gh[pousr]_[A-Za-z0-9]{36,255}")),
    SecretShape("GitHub token", "github_pat_", re.compile(_EDGE + r"github_pat_[A-Za-z0-9_]{60,255}")),
    SecretShape("GitLab token", "glpat-", re.compile(_EDGE + r"glpat-[A-Za-z0-9_-]{20,64}")),
    SecretShape("Slack token", "xox", re.compile(_EDGE + r"xox[abprs]-[0-9]{8,14}-[A-Za-z0-9-]{20,200}")),
    SecretShape("Google API key", "AIza", re.compile(_EDGE + r"AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])")),
    SecretShape("Stripe key", "k_live_", re.compile(_EDGE + r"[sr]k_live_[0-9A-Za-z]{20,255}")),
    SecretShape("OpenAI key", "sk-", re.compile(_EDGE + r"sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9]{40,200}")),
    SecretShape("Anthropic key", "sk-ant-", re.compile(_EDGE + r"sk-ant-[a-z]{2,8}[0-9]{2}-[A-Za-z0-9_-]{60,200}")),
    SecretShape("Hugging Face token", "hf_", re.compile(_EDGE + r"hf_[A-Za-z0-9]{34}(?![A-Za-z0-9])")),
)

_VARIETY = 8


def secret_in(text: str) -> str | None:
    """The kind of secret that a text holds; None when it holds none, or only a placeholder such as sk-xxxx."""
    for shape in SHAPES:
        if shape.hint not in text:
            continue
        for match in shape.pattern.finditer(text):
            if shape.name == "private key" or len(set(match[0])) > _VARIETY:
                return shape.name
    return None
