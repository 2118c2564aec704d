"""Reads YAML from the parser's events: no tags, no dates, no expansion of aliases beyond the bounds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import yaml

from publishing.validation.findings import Violation, fatal, shown
from publishing.validation.json_value import Bounds, Json, JsonObject
from publishing.validation.parsed_document import DoubledKeys, Parsed, remark
from publishing.validation.yaml_scalars import plain_value

_CORE_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "map", "seq")}
_TEXT_TAGS = {"tag:yaml.org,2002:str", "!"}
_MERGE = "<<"


@dataclass
class _Frame:
    """A collection being filled; `size` counts its values with aliases expanded."""

    container: JsonObject | list[Json]
    anchor: str | None
    size: int = 1
    key: str | None = None
    merges: list[JsonObject] = field(default_factory=list[JsonObject])


def yaml_events(text: str) -> Iterator[yaml.Event]:
    """The events of the first document, from the C parser."""
    started = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        started += isinstance(event, yaml.DocumentStartEvent)
        yield event
        if started > 1:
            return


def line_of(event: yaml.Event) -> int:
    """The line on which an event begins, counted from 1."""
    return event.start_mark.line + 1 if event.start_mark else 1


def parse_yaml(text: str, bounds: Bounds) -> Parsed:
    """The document; DocumentUnusable when it is not YAML, or more than the bounds allow."""
    builder = _Builder(bounds)
    try:
        for event in yaml_events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise fatal("not_yaml", f"This is not YAML: {error.problem}.", "Check the syntax at that line.", line) from None
    except yaml.YAMLError:
        raise fatal(
            "not_yaml", "This is not YAML: it holds characters that YAML does not allow.", "Send text in UTF-8."
        ) from None
    return Parsed(builder.document, builder.doubled, builder.remarks)


class _Builder:
    def __init__(self, bounds: Bounds) -> None:
        self.document: Json = None
        self.doubled = DoubledKeys()
        self.remarks: list[Violation] = []
        self._bounds = bounds
        self._documents = 0
        self._total = 0
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Json, int]] = {}
        self._tags_seen: set[str] = set()

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._take_alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._start_document(event)

    def _start_document(self, event: yaml.Event) -> None:
        self._documents += 1
        if self._documents == 2:
            self.remarks.append(
                remark(
                    "several_documents",
                    "The file holds more than one YAML document; only the first was read.",
                    "Send one document.",
                    line=line_of(event),
                )
            )

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        text = event.value
        if self._frames and self._awaits_key():
            self._frames[-1].key = text
            if event.anchor:
                self._anchors[event.anchor] = (text, 1)
            return
        self._count(1, "too_many_values", line_of(event))
        value: Json = plain_value(text) if self._is_plain(event) else text
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._place(value, 1)

    def _is_plain(self, event: yaml.ScalarEvent) -> bool:
        if event.tag is None:
            return not event.style
        if event.tag in _TEXT_TAGS:
            return False
        self._note_tag(event.tag, line_of(event))
        return event.tag in _CORE_TAGS

    def _note_tag(self, tag: str, line: int) -> None:
        if tag not in _CORE_TAGS and tag not in self._tags_seen and len(self._tags_seen) < 20:
            self._tags_seen.add(tag)
            self.remarks.append(
                remark(
                    "yaml_tag_ignored",
                    f"The tag {shown(tag)} was ignored: OpenAPI allows only what JSON can say.",
                    "Remove the tag.",
                    line=line,
                )
            )

    def _awaits_key(self) -> bool:
        frame = self._frames[-1]
        return isinstance(frame.container, dict) and frame.key is None

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        line = line_of(event)
        self._count(1, "too_many_values", line)
        if self._frames and self._awaits_key():
            raise fatal("unusable_key", "A key is a mapping or a list.", "Use text as a key.", line)
        if len(self._frames) >= self._bounds.max_depth:
            raise fatal(
                "too_deep",
                f"The document is nested more than {self._bounds.max_depth} levels deep.",
                "Name nested schemas and refer to them.",
                line,
            )
        if event.tag is not None:
            self._note_tag(event.tag, line)
        if event.anchor:
            self._anchors.pop(event.anchor, None)
        self._frames.append(_Frame({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor))

    def _close(self) -> None:
        frame = self._frames.pop()
        if isinstance(frame.container, dict):
            for mapping in frame.merges:
                for key, value in mapping.items():
                    frame.container.setdefault(key, value)
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.container, frame.size)
        self._place(frame.container, frame.size)

    def _take_alias(self, event: yaml.AliasEvent) -> None:
        line = line_of(event)
        known = self._anchors.get(cast("str", event.anchor))
        if known is None:
            raise fatal(
                "recursive_alias",
                "An alias stands inside what it names, or names nothing.",
                "Use $ref for schemas that contain themselves.",
                line,
            )
        value, size = known
        self._count(size, "alias_bomb", line)
        if self._frames and self._awaits_key():
            self._frames[-1].key = value if isinstance(value, str) else _no_key(line)
            return
        self._place(value, size)

    def _place(self, value: Json, size: int) -> None:
        if not self._frames:
            self.document = value if self._documents < 2 else self.document
            return
        frame = self._frames[-1]
        frame.size += size
        if isinstance(frame.container, list):
            frame.container.append(value)
        elif frame.key is not None:
            self._set(frame, frame.container, frame.key, value)

    def _set(self, frame: _Frame, mapping: JsonObject, key: str, value: Json) -> None:
        frame.key = None
        if key == _MERGE and isinstance(value, dict | list):
            candidates = value if isinstance(value, list) else [value]
            frame.merges.extend(candidate for candidate in candidates if isinstance(candidate, dict))
            return
        if key in mapping:
            self.doubled.note(mapping, key)
        mapping[key] = value

    def _count(self, size: int, code: str, line: int) -> None:
        self._total += size
        if self._total > self._bounds.max_nodes:
            raise fatal(
                code,
                f"The document holds more than {self._bounds.max_nodes:,} values.",
                "Split it, or expand fewer aliases.",
                line,
            )


def _no_key(line: int) -> str:
    raise fatal("unusable_key", "An alias used as a key does not name text.", "Use text as a key.", line)
