"""Finds a Java of a sufficient release: JAVA_HOME, the one on PATH, then what the system has installed."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from fleet.errors import EngineMissing

_INSTALLED = Path("/usr/lib/jvm")


def find_java(oldest: int, variables: Mapping[str, str]) -> Path:
    """The home of the first Java of release `oldest` or newer. Raises EngineMissing."""
    for home in _homes(variables):
        if _release_of(home) >= oldest:
            return home
    raise EngineMissing(f"A Java of release {oldest} or newer is needed: install a JDK or set JAVA_HOME to one.")


def _homes(variables: Mapping[str, str]) -> Iterator[Path]:
    if named := variables.get("JAVA_HOME"):
        yield Path(named)
    if on_path := shutil.which("java"):
        yield Path(on_path).resolve().parents[1]
    if _INSTALLED.is_dir():
        yield from sorted(_INSTALLED.iterdir(), reverse=True)


def _release_of(home: Path) -> int:
    """0 where there is no whole JDK."""
    facts = home / "release"
    if not facts.is_file() or not (home / "bin" / "javac").is_file():
        return 0
    found = re.search(r'^JAVA_VERSION="(\d+)', facts.read_text(encoding="utf-8"), re.MULTILINE)
    return int(found[1]) if found else 0
