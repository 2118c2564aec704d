"""Starts a part as a child in a process group of its own, which ends when the fleet ends, however that ends."""

import os
import sys
from pathlib import Path
from typing import BinaryIO

from fleet.part import Part

_ENTRY = Path(__file__).with_name("child_entry.py")


def child_command(part: Part) -> list[str]:
    """The whole command line, led by the entry script that ties the child to this process."""
    account = "-" if part.account is None else f"{part.account.uid}:{part.account.gid}"
    reach = "reach" if part.account is not None and part.account.passes_private_folders else "plain"
    entry = [sys.executable, "-I", "-S", str(_ENTRY), str(os.getpid()), str(part.death_signal.value), account, reach]
    return [*entry, *part.command]


def open_log(path: Path) -> BinaryIO:
    """The part's log, appended to, private."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")


def last_lines(path: Path, count: int = 3, at_most_bytes: int = 16_384) -> list[str]:
    """The end of a log, without reading all of it."""
    if not path.is_file():
        return []
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - at_most_bytes))
        lines = log.read().decode("utf-8", "replace").splitlines()
    return [line for line in lines if line.strip()][-count:] if count else []
