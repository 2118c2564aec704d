"""The last policies in force, kept on disk, so that a process that starts without admin decides by them."""

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dataplane.policy_bundle import PolicyBundle

_FILE = "policies.json"
# Nobody needs to know to the second when a bundle was last confirmed.
_TOUCH_MICROSECONDS = 60_000_000


@dataclass(slots=True)
class BundleFile:
    """One file of mode 0600, written whole or not at all; its time is when the bundle was last confirmed."""

    folder: Path
    touched_at: int = 0

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.folder / _FILE

    def read(self) -> tuple[PolicyBundle, int] | None:
        """The bundle and when it was last confirmed, in microseconds; None where there is none that is whole."""
        try:
            bundle = msgspec.json.decode(self.path.read_bytes(), type=PolicyBundle)
            confirmed_at = self.path.stat().st_mtime_ns // 1000
        except (OSError, msgspec.MsgspecError):
            return None
        return (bundle, confirmed_at) if bundle.is_whole() else None

    def write(self, bundle: PolicyBundle, now: int) -> None:
        """Replace what is there. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(f".{os.getpid()}.tmp")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(bundle))
            file.flush()
            os.fsync(descriptor)
        os.utime(fresh, ns=(now * 1000, now * 1000))
        fresh.replace(self.path)
        self._sync_folder()
        self.touched_at = now

    def touch(self, now: int) -> None:
        """Note that the bundle was confirmed; what cannot be noted is no harm."""
        if now - self.touched_at < _TOUCH_MICROSECONDS:
            return
        self.touched_at = now
        try:
            os.utime(self.path, ns=(now * 1000, now * 1000))
        except OSError:
            return

    def _sync_folder(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
