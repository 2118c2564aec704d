"""Reads server-sent events: data with its event's name, and comments, which carry a call's bill at the end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """One event; a comment has no name and its text in `comment`."""

    name: str = ""
    data: str = ""
    comment: str = ""


def events_of(lines: Iterable[str]) -> Iterator[Event]:
    """The events of a stream of lines; one that is cut off in the middle is left out."""
    name, data = "", list[str]()
    for line in lines:
        if line.startswith(":"):
            yield Event(comment=line[1:].strip())
        elif line:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            name = value if field == "event" else name
            if field == "data":
                data.append(value)
        elif data:
            yield Event(name or "message", "\n".join(data))
            name, data = "", []
