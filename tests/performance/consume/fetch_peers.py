"""`make peers-fetch`: nginx, Portkey and LiteLLM into .peers/ by their registries' own clients, and our own traffic.

What cannot be fetched is said and left out: the comparison then shows it as not here.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from peers_shelf import LITELLM, LITELLM_HERE, PORTKEY, PORTKEY_SERVER, Shelf

_LONGEST_SECONDS = 900
_TRAFFIC = Path(__file__).parent / "traffic"


class NotFetched(Exception):
    """Why a peer is not here."""


def main(shelf: Shelf) -> int:
    """1 where our own traffic could not be built; peers may be missing."""
    missing = [name for name, fetch in ERRANDS.items() if not _tried(name, fetch, shelf)]
    return 1 if "traffic" in missing else 0


def _tried(name: str, fetch: Callable[[Shelf], str], shelf: Shelf) -> bool:
    try:
        print(f"{name}: {fetch(shelf)}", flush=True)
    except NotFetched as error:
        print(f"{name}: not here: {error}", file=sys.stderr, flush=True)
        return False
    return True


def traffic(shelf: Shelf) -> str:
    """Our own vendors and callers, compiled again where their source is newer."""
    program = shelf.traffic
    newest = max(file.stat().st_mtime for file in _TRAFFIC.iterdir())
    if program.exists() and program.stat().st_mtime > newest:
        return "here"
    program.parent.mkdir(parents=True, exist_ok=True)
    _run(["go", "build", "-o", str(program), "."], _TRAFFIC)
    return "compiled"


def nginx(shelf: Shelf) -> str:
    """The one on this machine, else Debian's, unpacked and not installed."""
    if shelf.nginx:
        return f"here, {shelf.nginx}"
    folder = _begun(shelf, "nginx", "debian")
    _run(["apt-get", "download", "nginx"], folder)
    for package in folder.glob("*.deb"):
        _run(["dpkg", "-x", str(package), str(folder)], folder)
    shelf.mark("nginx", "debian")
    return "fetched"


def portkey(shelf: Shelf) -> str:
    """Portkey's gateway with the server package that its streams work with."""
    if shelf.portkey:
        return "here"
    folder = _begun(shelf, "portkey", PORTKEY)
    server = {"@hono/node-server": PORTKEY_SERVER}
    package = {"dependencies": {"@portkey-ai/gateway": PORTKEY, **server}, "overrides": server, "private": True}
    (folder / "package.json").write_text(json.dumps(package))
    _run(["npm", "install", "--no-fund", "--no-audit", "--ignore-scripts", "--silent"], folder)
    shelf.mark("portkey", PORTKEY)
    return f"fetched {PORTKEY}"


def litellm(shelf: Shelf) -> str:
    """LiteLLM's proxy for the Python that runs this."""
    if shelf.litellm:
        return "here"
    folder = _begun(shelf, "litellm", LITELLM_HERE)
    installer = str(Path(sys.executable).with_name("uv"))
    _run([installer, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], shelf.folder)
    options = ["--quiet", "--compile-bytecode", "--python", str(folder / "bin" / "python")]
    _run([installer, "pip", "install", *options, f"litellm[proxy]=={LITELLM}"], shelf.folder)
    shelf.mark("litellm", LITELLM_HERE)
    return f"fetched {LITELLM}"


def _begun(shelf: Shelf, name: str, version: str) -> Path:
    folder = shelf.place(name, version)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _run(command: list[str], folder: Path) -> None:
    if shutil.which(command[0]) is None:
        raise NotFetched(f"{command[0]} is needed")
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NotFetched(f"{command[0]} says: {said[-1] if said else done.returncode}")


ERRANDS: dict[str, Callable[[Shelf], str]] = {
    "traffic": traffic,
    "nginx": nginx,
    "portkey": portkey,
    "litellm": litellm,
}

if __name__ == "__main__":
    sys.exit(main(Shelf()))
