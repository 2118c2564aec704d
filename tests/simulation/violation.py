"""An invariant that does not hold."""

from dataclasses import dataclass


class Violation(Exception):
    """Names the invariant by its number in the money path's specification, or what must hold at the end."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"invariant {invariant}: {what}")
        self.invariant = invariant
        self.what = what


@dataclass
class Verdict:
    """Keeps the first violation, whoever catches it on its way."""

    first: Violation | None = None

    def broken(self, invariant: str, what: str) -> Violation:
        """The violation to raise."""
        found = Violation(invariant, what)
        if self.first is None:
            self.first = found
        return found
