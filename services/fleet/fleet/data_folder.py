"""The folder that holds everything this machine keeps: where each thing lies, and who may use it now."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fleet.errors import AlreadyRunning, FolderRefused


@dataclass(frozen=True)
class DataFolder:
    """Names of the things inside; nothing is made by asking for them."""

    path: Path

    @property
    def lock(self) -> Path:
        """Held by the fleet that runs here; holds its process id."""
        return self.path / "fleet.lock"

    @property
    def state(self) -> Path:
        """What the running fleet says of its parts."""
        return self.path / "fleet.json"

    @property
    def secrets(self) -> Path:
        """Everything that was made at random once."""
        return self.path / "secrets.json"

    @property
    def access(self) -> Path:
        """How to sign in, in development."""
        return self.path / "access.json"

    def log(self, part: str) -> Path:
        """The log of one part."""
        return self.path / "logs" / f"{part}.log"

    def announcement(self, part: str) -> Path:
        """Where a process without HTTP doors says that it is ready."""
        return self.path / "run" / f"{part}.json"

    def of(self, part: str) -> Path:
        """A part's own folder."""
        return self.path / part

    def prepare(self) -> None:
        """Make the folder and see that we may write there. Raises FolderRefused."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in ("logs", "run"):
                (self.path / name).mkdir(mode=0o700, exist_ok=True)
            probe = self.path / ".write-probe"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise FolderRefused(
                f"{self.path} cannot be used ({error.strerror}): give yourself the right to write there"
                " or choose another folder with --data-folder."
            ) from None

    @contextmanager
    def held(self) -> Generator[None]:
        """Keep every other fleet out while the block runs. Raises AlreadyRunning."""
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(self._already()) from None
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            yield
        finally:
            os.close(descriptor)

    def holder(self) -> int | None:
        """The process id of the fleet that runs here, or None."""
        try:
            descriptor = os.open(self.lock, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(os.read(descriptor, 20) or b"0")
        finally:
            os.close(descriptor)
        return None

    def _already(self) -> str:
        pid = self.lock.read_text(encoding="ascii") or "unknown"
        return f"A marketplace already runs in {self.path} (pid {pid}): see `marketplace status`, or end it first."


def write_private(path: Path, text: str, *, survives_power_loss: bool = True) -> None:
    """Replace the file at once, readable by its owner alone."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        if survives_power_loss:
            file.flush()
            os.fsync(file.fileno())
    fresh.replace(path)
