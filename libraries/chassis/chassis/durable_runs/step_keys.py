"""The names under which steps are remembered: given by the workflow, unique in a run."""

from chassis.durable_runs.errors import StepKeyReused


class StepKeys:
    """Refuses a key used twice; numbers the waits, sleeps and times, which have no key of their own."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._counts: dict[str, int] = {}

    def claim(self, key: str) -> str:
        """The key, if it is new to this run."""
        if key in self._used:
            raise StepKeyReused(f"step key {key} is used twice; give each step a key of its own", key=key)
        self._used.add(key)
        return key

    def number(self, what: str) -> str:
        """`what#1`, `what#2`, ... in the order the workflow asks."""
        self._counts[what] = self._counts.get(what, 0) + 1
        return f"{what}#{self._counts[what]}"
