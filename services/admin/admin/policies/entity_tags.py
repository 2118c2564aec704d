"""The ETag of a policy: its revision in quotes."""

import re

from admin.policies.errors import PolicyChanged

_TAG = re.compile(r'"(\d{1,18})"', re.ASCII)


def tag_of(revision: int) -> str:
    """The ETag of a revision."""
    return f'"{revision}"'


def revision_of(if_match: str) -> int | None:
    """The revision that If-Match asks for; None for `*`. Raises PolicyChanged for a foreign tag."""
    if if_match.strip() == "*":
        return None
    match = _TAG.fullmatch(if_match.strip())
    if match is None:
        raise PolicyChanged("If-Match holds no ETag of ours: read the policy again and send the ETag of the answer.")
    return int(match[1])
