"""Prints the Python for `make bench-consume`: of those here that could run us, the quickest.

An interpreter that was built without profile-guided optimisation, as one compiled by hand mostly is, needs a third more
time than those of distributions and of our own image. What is compared are gateways and not builds of Python, so every
gateway written in Python runs on the same one.
"""

import os
import subprocess
import sys
from pathlib import Path

_ROUNDS = 3
# What a gateway does most: attributes, calls, small objects, dictionaries and formatting.
_PROGRAM = """
import time

class Pair:
    __slots__ = ("x", "y")
    def __init__(self, x, y):
        self.x, self.y = x, y
    def plus(self, other):
        return Pair(self.x + other.x, self.y + other.y)

def work(times):
    total, step, kept = Pair(0, 0), Pair(1, 2), {}
    for number in range(times):
        total = total.plus(step)
        kept[number & 255] = (total.x, total.y)
        if total.x & 1:
            b"%d: %b" % (total.x, b"line")

work(10_000)
began = time.process_time()
work(200_000)
print(time.process_time() - began)
"""


def main() -> None:
    """The path alone on standard output, the times beside it on standard error."""
    seconds = {path: _seconds(path) for path in _candidates()}
    for path, taken in seconds.items():
        print(f"  {path}: {taken:.3f} s", file=sys.stderr)
    print(min(seconds, key=lambda path: seconds[path]))


def _candidates() -> list[Path]:
    """Of this version: the one that runs this, and those of the system, without virtual environments."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folders = [Path(sys.base_prefix) / "bin", *map(Path, os.defpath.split(os.pathsep)), Path("/usr/local/bin")]
    found = {(folder / name).resolve(): None for folder in folders if os.access(folder / name, os.X_OK)}
    return [path for path in found if _can_make_environments(path)]


def _can_make_environments(path: Path) -> bool:
    return (
        subprocess.run([path, "-c", "import ensurepip, venv"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    )


def _seconds(path: Path) -> float:
    runs = [subprocess.run([path, "-I", "-c", _PROGRAM], capture_output=True, check=True) for _ in range(_ROUNDS)]
    return min(float(run.stdout) for run in runs)


if __name__ == "__main__":
    main()
