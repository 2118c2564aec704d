"""What a parser hands on: the document, the keys it saw twice, and remarks that belong to the syntax."""

from dataclasses import dataclass, field

from publishing.validation.findings import Layer, Violation, Weight
from publishing.validation.json_value import Json, JsonObject, Where

_MAX_NOTED = 1_000


class DoubledKeys:
    """Mappings in which a key stood twice; found again by identity when the document is walked."""

    def __init__(self) -> None:
        self._noted: dict[int, tuple[JsonObject, str]] = {}

    def note(self, mapping: JsonObject, key: str) -> None:
        """Remember it; the mapping is kept alive so that its identity stays its own."""
        if len(self._noted) < _MAX_NOTED:
            self._noted[id(mapping)] = (mapping, key)

    def key_in(self, mapping: JsonObject) -> str | None:
        """The key that stood twice in that mapping."""
        noted = self._noted.get(id(mapping))
        return noted[1] if noted else None


@dataclass(frozen=True)
class Parsed:
    """A document read, before anything is known about its meaning."""

    document: Json
    doubled: DoubledKeys
    remarks: list[Violation] = field(default_factory=list[Violation])


def remark(code: str, message: str, fix: str, where: Where = None, line: int | None = None) -> Violation:
    """A violation of the document's form."""
    return Violation(code, Layer.SCHEMA, Weight.VIOLATION, where, message, fix, line)
