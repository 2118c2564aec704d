"""Which core the gateway under measurement has to itself; everything else shares the others."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Cores:
    """`apart` is the gateway's; empty where there is only one, and then nothing is pinned."""

    apart: frozenset[int]
    others: frozenset[int]

    @classmethod
    def found(cls) -> "Cores":
        """The first core for the gateway, the rest for everybody else."""
        first, *rest = sorted(os.sched_getaffinity(0))
        return cls(frozenset({first}), frozenset(rest)) if rest else cls(frozenset(), frozenset())

    def withdraw(self) -> None:
        """This process, and all that it starts, leaves the gateway's core."""
        if self.others:
            os.sched_setaffinity(0, self.others)

    def pinned(self, command: list[str]) -> list[str]:
        """The command, on the gateway's core."""
        return ["taskset", "-c", ",".join(map(str, self.apart)), *command] if self.apart else command
