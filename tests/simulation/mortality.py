"""Where a process can be killed: before or after each of its effects on the world, or in the middle of a write.

Between two effects nothing can be seen from outside, so these are all the places there are.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from simulation.virtual_loop import Condition, Killed, ProcessLoop

T = TypeVar("T")


@dataclass
class Sentence:
    """Dies at the n-th effect of a name from now on (any name where empty); `part` of a write is still done."""

    name: str
    count: int
    after: bool
    part: float | None = None


@dataclass
class Mortal:
    """The life of one process."""

    loop: ProcessLoop
    died_at: Counter[str]
    note: Callable[[str], None] | None = None
    sentence: Sentence | None = None
    effects: int = 0
    buried: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    @property
    def is_dead(self) -> bool:
        return self.loop.condition is Condition.DEAD

    def effect(self, name: str, deed: Callable[[float], T]) -> T:
        """Do something that the world sees; the deed takes how much of it is done before the process dies (1: all)."""
        if self.is_dead:
            raise Killed
        self.effects += 1
        if self.note is not None:
            self.note(f"{self.loop.name}: {name}")
        sentence = self._due(name)
        if sentence is None:
            return deed(1.0)
        if sentence.part is not None:
            deed(sentence.part)
            self.died_at[f"amid {name}"] += 1
        elif sentence.after:
            deed(1.0)
            self.died_at[f"after {name}"] += 1
        else:
            self.died_at[f"before {name}"] += 1
        self.kill()
        raise Killed

    def kill(self) -> None:
        """As SIGKILL does."""
        if not self.is_dead:
            self.loop.die()
            for end in self.buried:
                end()

    def _due(self, name: str) -> Sentence | None:
        sentence = self.sentence
        if sentence is None or sentence.name not in ("", name):
            return None
        sentence.count -= 1
        return sentence if sentence.count <= 0 else None
