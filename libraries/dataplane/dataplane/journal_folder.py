"""Where journals are: a folder for each incarnation, locked while its process lives, with a file for each segment."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOCK_NAME = "lock"
ONLY_OWNER = 0o600


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a journal: as a mark, everything before it is acknowledged."""

    segment: int = 1
    offset: int = 0


def segment_path(folder: Path, number: int) -> Path:
    """The file of one segment."""
    return folder / f"{number:08d}.journal"


def journal_folder(root: Path, incarnation: int) -> Path:
    """The folder of one incarnation's journal."""
    return root / f"{incarnation:016x}"


def try_lock(path: Path) -> int | None:
    """An exclusive lock on a file as a descriptor to close, or None where a living process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, ONLY_OWNER)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def folder_lock(root: Path) -> Generator[None]:
    """Holds a short lock on the root, so that no successor takes a journal for dead while it is being made."""
    descriptor = os.open(root / LOCK_NAME, os.O_RDWR | os.O_CREAT, ONLY_OWNER)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def delete_journal(folder: Path) -> None:
    """Forget a journal that this process has locked: all of it, and its seal, is acknowledged."""
    with folder_lock(folder.parent):
        # From the first segment on: of calls that began and ended in two, an end alone says nothing false.
        for path in sorted(folder.iterdir()):
            if path.name != LOCK_NAME:
                path.unlink()
        (folder / LOCK_NAME).unlink()
        folder.rmdir()
