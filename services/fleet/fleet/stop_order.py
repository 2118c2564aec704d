"""In which order parts end: first those that nobody needs, each before what it depends on."""

from collections.abc import Mapping, Sequence


def stop_waves(depends_on: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Names in waves; a wave ends before the next is told to. The names must not depend on each other in a ring."""
    left = dict(depends_on)
    waves: list[list[str]] = []
    while left:
        needed = {name for dependencies in left.values() for name in dependencies}
        wave = [name for name in left if name not in needed]
        if not wave:
            raise ValueError(f"these parts depend on each other in a ring: {', '.join(sorted(left))}")
        waves.append(wave)
        for name in wave:
            del left[name]
    return waves
