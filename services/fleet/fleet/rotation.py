"""Keeps a log from growing without end: the last piece beside the present one, both bounded."""

import shutil
from contextlib import suppress
from pathlib import Path

LARGEST_BYTES = 5 * 1024 * 1024


def rotate(log: Path, largest_bytes: int = LARGEST_BYTES) -> None:
    """Move what was written so far aside where it is too much. Writers append, so they go on in the emptied file.

    Where the disk has no room for a second piece the next look tries again.
    """
    with suppress(OSError):
        if log.stat().st_size > largest_bytes:
            aside = log.with_suffix(".log.1")
            shutil.copyfile(log, aside)
            aside.chmod(0o600)
            with log.open("r+b") as present:
                present.truncate(0)
