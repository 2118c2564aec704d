"""Who runs the engines: ourselves, or `nobody` where we are root, because PostgreSQL refuses to run as root."""

import os
import pwd
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fleet.errors import NoEngineAccount

_UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class EngineAccount:
    """A user without rights. `passes_private_folders`: some folder above its own does not let others through."""

    uid: int
    gid: int
    passes_private_folders: bool = False


def choose_account(reached: Iterable[Path]) -> EngineAccount | None:
    """The account that must reach these paths; None where we are an ordinary user and run the engines ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError:
        raise NoEngineAccount(
            f"PostgreSQL refuses to run as root and there is no user `{_UNPRIVILEGED}`: start as an ordinary user."
        ) from None
    blocked = any(not _lets_others_through(folder) for path in reached for folder in path.resolve().parents)
    return EngineAccount(entry.pw_uid, entry.pw_gid, passes_private_folders=blocked)


def hand_over(folder: Path, account: EngineAccount | None) -> None:
    """Make the folder private to the account that runs the engine."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid)


def hand_over_file(file: Path, account: EngineAccount | None) -> None:
    """Make the file readable by that account alone."""
    file.chmod(0o600)
    if account is not None:
        os.chown(file, account.uid, account.gid)


def _lets_others_through(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)
