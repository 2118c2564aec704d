"""Reads server-sent events: data with its event's name, and comments, which carry a call's bill at the end."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import IncrementalNewlineDecoder
from itertools import chain


@dataclass(frozen=True)
class Event:
    """One event; a comment has no name and its text in `comment`."""

    name: str = ""
    data: str = ""
    comment: str = ""


def lines_of(pieces: Iterable[bytes]) -> Iterator[str]:
    """The lines of a stream in UTF-8, however it is cut; they end at CR LF, LF or CR.

    At nothing else: U+2028 and its like, at which `str.splitlines` splits too, are letters of the data.
    """
    newlines = IncrementalNewlineDecoder(None, translate=True)
    begun = ""
    # The empty text at the end is the only one: it lets go of a CR that waited for its LF.
    for text in chain(codecs.iterdecode(pieces, "utf-8", "replace"), [""]):
        *lines, begun = (begun + newlines.decode(text, final=not text)).split("\n")
        yield from lines
    if begun:
        yield begun


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
