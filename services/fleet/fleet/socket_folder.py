"""Where an engine's unix socket lives: in the engine's own folder, or in a short private one where that is too deep."""

import os
import tempfile
from pathlib import Path

from fleet.engine_account import EngineAccount, hand_over
from fleet.settings import runtime_folder

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
    folder = _remembered_folder(remembered, account) or _new_short_folder(account)
    remembered.write_text(str(folder), encoding="utf-8")
    hand_over(folder, account)
    return folder


def _remembered_folder(remembered: Path, account: EngineAccount | None) -> Path | None:
    """The folder used last time, if it is still there and ours: a system may empty its temporary folder."""
    if not remembered.is_file():
        return None
    folder = Path(remembered.read_text(encoding="utf-8"))
    if not folder.is_dir() or folder.is_symlink():
        return None
    owner = os.geteuid() if account is None else account.uid
    return folder if folder.stat().st_uid == owner else None


def _new_short_folder(account: EngineAccount | None) -> Path:
    own = runtime_folder() if account is None else None
    return Path(tempfile.mkdtemp(prefix="marketplace-", dir=own or tempfile.gettempdir()))
