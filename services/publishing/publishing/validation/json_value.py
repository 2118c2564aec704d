"""What a parsed document is made of, where a value stands in it, and the bounds within which one is read."""

from dataclasses import dataclass
from typing import NamedTuple, Optional, TypeAlias, Union

Json: TypeAlias = Union[bool, int, float, str, "list[Json]", "dict[str, Json]", None]
JsonObject: TypeAlias = dict[str, Json]


class Location(NamedTuple):
    """A value's place as a chain of keys from the value up; None is the document itself."""

    parent: Optional["Location"]
    key: str | int


Where: TypeAlias = Location | None


@dataclass(frozen=True)
class Bounds:
    """How much of a document is looked at before it is refused.

    OpenAI's own document, the largest known, has about 140,000 values and is 30 deep.
    """

    max_nodes: int = 600_000
    max_depth: int = 120


DEFAULT_BOUNDS = Bounds()
