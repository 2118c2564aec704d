"""The ETag of a listing: its revision in quotes."""

import re

from publishing.listings.errors import ListingChanged

_TAG = re.compile(r'"(\d{1,18})"', re.ASCII)


def tag_of(revision: int) -> str:
    """The ETag of a revision."""
    return f'"{revision}"'


def revision_of(if_match: str | None) -> int | None:
    """The revision that If-Match asks for; None for no header or `*`. Raises ListingChanged for a foreign tag."""
    if if_match is None or if_match.strip() == "*":
        return None
    match = _TAG.fullmatch(if_match.strip())
    if match is None:
        raise ListingChanged("If-Match holds no ETag of ours: read the publication again.")
    return int(match[1])
