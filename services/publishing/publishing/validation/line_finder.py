"""The lines on which the reported values stand: a second look at the text, for the pointers of a report only."""

from collections.abc import Collection
from dataclasses import dataclass

import yaml

from publishing.validation.json_pointer import escape
from publishing.validation.yaml_parser import line_of, yaml_events


@dataclass
class _Open:
    """A collection being read; `pointer` is None where nothing inside is asked for."""

    pointer: str | None
    is_mapping: bool
    index: int = 0
    key: str | None = None
    key_line: int = 0


def lines_of(text: str, pointers: Collection[str]) -> dict[str, int]:
    """The line, counted from 1, for every pointer that could be placed; JSON is read as the YAML that it is.

    A value that an alias or a merge brought in has the line of what is nearest around it.
    """
    finder = _Finder(_with_ancestors(pointers))
    try:
        for event in yaml_events(text):
            finder.take(event)
    except yaml.YAMLError:
        pass
    return {pointer: line for pointer in pointers if (line := finder.nearest(pointer)) is not None}


def _with_ancestors(pointers: Collection[str]) -> set[str]:
    wanted: set[str] = set()
    for pointer in pointers:
        while pointer and pointer not in wanted:
            wanted.add(pointer)
            pointer = pointer.rpartition("/")[0]  # noqa: PLW2901
    return wanted | {""}


class _Finder:
    def __init__(self, wanted: set[str]) -> None:
        self._wanted = wanted
        self._found: dict[str, int] = {}
        self._open: list[_Open] = []

    def nearest(self, pointer: str) -> int | None:
        while pointer and pointer not in self._found:
            pointer = pointer.rpartition("/")[0]
        return self._found.get(pointer)

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.NodeEvent):
            self._take_node(event)

    def _take_node(self, event: yaml.NodeEvent) -> None:
        line = line_of(event)
        if self._open and self._open[-1].is_mapping and self._open[-1].key is None:
            self._open[-1].key = event.value if isinstance(event, yaml.ScalarEvent) else ""
            self._open[-1].key_line = line
            return
        pointer = self._next_pointer(line)
        if isinstance(event, yaml.CollectionStartEvent):
            self._open.append(_Open(pointer, isinstance(event, yaml.MappingStartEvent)))

    def _next_pointer(self, line: int) -> str | None:
        if not self._open:
            self._found.setdefault("", line)
            return ""
        around = self._open[-1]
        if around.is_mapping:
            token, line = escape(around.key or ""), around.key_line
            around.key = None
        else:
            token = str(around.index)
            around.index += 1
        if around.pointer is None:
            return None
        pointer = f"{around.pointer}/{token}"
        if pointer not in self._wanted:
            return None
        self._found[pointer] = line
        return pointer
