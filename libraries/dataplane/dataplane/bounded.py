"""Dictionaries that stay small: what is kept only to be quick may be forgotten."""

from typing import Any


def make_room(known: dict[Any, Any], most: int) -> None:
    """Forget all of it where it holds so much: what is in use comes back by itself."""
    if len(known) >= most:
        known.clear()
