"""Where an engine's unix socket lives: in the engine's own folder, or in a short private one where that is too deep."""

import os
import tempfile
from pathlib import Path

from fleet.engine_account import EngineAccount, hand_over

# sun_path holds 108 bytes with the closing zero.
_LONGEST_SOCKET_PATH = 107
_REMEMBERED = "socket-folder"


def choose_socket_folder(engine_folder: Path, socket_name: str, account: EngineAccount | None) -> Path:
    """A folder of mode 0700 whose socket path is short enough; the same one at every start."""
    own = engine_folder / "socket"
    if len(os.fsencode(own / socket_name)) <= _LONGEST_SOCKET_PATH:
        hand_over(own, account)
        return own
    remembered = engine_folder / _REMEMBERED
    folder = _remembered_folder(remembered) or _new_short_folder(account)
    remembered.write_text(str(folder), encoding="utf-8")
    hand_over(folder, account)
    return folder


def _remembered_folder(remembered: Path) -> Path | None:
    """The folder used last time, if it is still there: a system may empty its temporary folder."""
    if not remembered.is_file():
        return None
    folder = Path(remembered.read_text(encoding="utf-8"))
    return folder if folder.is_dir() and not folder.is_symlink() else None


def _new_short_folder(account: EngineAccount | None) -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR")  # house: allow environment, because the system says here where it is
    parent = runtime if runtime and account is None and Path(runtime).is_dir() else tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="marketplace-", dir=parent))
