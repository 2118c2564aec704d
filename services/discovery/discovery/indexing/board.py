"""How far an index is that several processes share: said where that index is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class IndexReport:
    """How far an index is; up to change `resume_at` nothing is missing in it, vectors neither."""

    generation: str
    resume_at: int = 0
    reached: int = 0
    loaded: bool = False
    last_change_at: datetime | None = None
    last_delay: float | None = None
    without_vectors: int = 0


class IndexBoard(Protocol):
    """Where the report of an index stands, for as long as that index lives."""

    async def prepare(self) -> None:
        """Make an empty index where there is none."""
        ...

    async def read(self) -> IndexReport:
        """The report of the index that is asked now; raises Unavailable where there is none."""
        ...

    async def write(self, report: IndexReport) -> None:
        """Replaces that of the same generation; raises Unavailable where that is gone."""
        ...
