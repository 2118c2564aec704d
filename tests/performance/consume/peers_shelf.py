"""Where the gateways that ours is compared with lie once they are fetched, and in which versions."""

import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
SHELF = ROOT / ".peers"
PORTKEY = "1.15.2"
# The newest server package beside it breaks its streams.
PORTKEY_SERVER = "1.3.3"
LITELLM = "1.106.2"
LITELLM_HERE = f"{LITELLM}-python-{platform.python_version()}"
_WHOLE = ".whole"


@dataclass(frozen=True)
class Shelf:
    """One folder a peer and version; a peer is there when its folder was marked as whole."""

    folder: Path = SHELF

    def place(self, name: str, version: str) -> Path:
        """Where it lies or would lie."""
        return self.folder / f"{name}-{version}"

    def mark(self, name: str, version: str) -> None:
        """All of it is there."""
        (self.place(name, version) / _WHOLE).touch()

    def found(self, name: str, version: str) -> Path | None:
        """The folder of a peer that is there as a whole."""
        place = self.place(name, version)
        return place if (place / _WHOLE).exists() else None

    @property
    def traffic(self) -> Path:
        """The program that makes and measures the traffic."""
        return self.folder / "bin" / "traffic"

    @property
    def nginx(self) -> Path | None:
        """The system's nginx, else the fetched one."""
        installed = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if installed:
            return Path(installed)
        fetched = self.found("nginx", "debian")
        return fetched and fetched / "usr" / "sbin" / "nginx"

    @property
    def portkey(self) -> Path | None:
        """The script that starts its server; its folder says where node finds the rest."""
        fetched = self.found("portkey", PORTKEY)
        return fetched and fetched / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"

    @property
    def litellm(self) -> Path | None:
        """Its command, in a virtual environment of its own."""
        fetched = self.found("litellm", LITELLM_HERE)
        return fetched and fetched / "bin" / "litellm"
