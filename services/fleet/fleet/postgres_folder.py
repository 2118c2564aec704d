"""A PostgreSQL data folder: made whole or not at all, with passwords as the only way in."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from fleet.child_process import child_command
from fleet.engine_account import EngineAccount, hand_over, hand_over_file
from fleet.errors import PartFailed
from fleet.part import Part

_MAJOR = "18"
_ACCESS = (
    "# Passwords only, and only through the socket of the marketplace's own folder.\nlocal all all scram-sha-256\n"
)
_MAKE_SECONDS = 60


@dataclass(frozen=True)
class PostgresFolder:
    """The folder, and what is needed to make it."""

    path: Path
    binaries: Path
    superuser: str
    password: str
    account: EngineAccount | None
    crash_safe: bool = True

    def make(self) -> None:
        """Make the folder if there is none yet, and write its access rules. Raises PartFailed."""
        if not (self.path / "PG_VERSION").is_file():
            self._initialise()
        version = (self.path / "PG_VERSION").read_text(encoding="ascii").strip()
        if version != _MAJOR:
            raise PartFailed(f"{self.path} holds PostgreSQL {version}; this build runs {_MAJOR}: upgrade it first.")
        access = self.path / "pg_hba.conf"
        if access.read_text(encoding="utf-8") != _ACCESS:
            access.write_text(_ACCESS, encoding="utf-8")
        hand_over_file(access, self.account)

    def missing_for(self, pid: int) -> str | None:
        """None once this very process says in its lock file that it takes connections."""
        try:
            lines = (self.path / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return "has not opened its data folder"
        if not lines or lines[0].strip() != str(pid):
            return "has not opened its data folder"
        status = lines[7].strip() if len(lines) > 7 else "starting"
        return None if status == "ready" else status

    def _initialise(self) -> None:
        """In a folder beside, renamed when it is complete, so that a crash leaves no half of one."""
        fresh = self.path.with_name("data.new")
        shutil.rmtree(fresh, ignore_errors=True)
        hand_over(fresh, self.account)
        password_file = self.path.with_name("password.new")
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(self.password)
        hand_over_file(password_file, self.account)
        try:
            self._run_initdb(fresh, password_file)
        finally:
            password_file.unlink(missing_ok=True)
        fresh.rename(self.path)

    def _run_initdb(self, fresh: Path, password_file: Path) -> None:
        words = [
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            f"--username={self.superuser}",
            "--no-instructions",
        ]
        words += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        words += [] if self.crash_safe else ["--no-sync"]
        command = [str(self.binaries / "initdb"), f"--pgdata={fresh}", *words]
        part = Part(name="initdb", command=command, account=self.account)
        done = subprocess.run(  # noqa: S603 -- the command is ours
            child_command(part),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={"LC_ALL": "C", "TZ": "UTC"},
            timeout=_MAKE_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise PartFailed(f"PostgreSQL could not make {self.path}: {' '.join(done.stderr.split())[-500:]}")
