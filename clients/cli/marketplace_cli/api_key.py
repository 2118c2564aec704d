"""Which API key a call is made with: the shell's, a file's, the one kept at sign-in, or this machine's demo key."""

from pathlib import Path

from fleet.access_file import read_access
from marketplace_cli.errors import FileRefused, KeyMissing
from marketplace_cli.invocation import Invocation
from marketplace_cli.local_document import read_file


def api_key(here: Invocation, file: Path | None) -> str:
    """The key. Raises KeyMissing or FileRefused."""
    found = (_of_file(file) if file else here.settings.api_key) or _kept(here) or _demo(here)
    if not found:
        raise KeyMissing(
            "A call needs an API key: set MARKETPLACE_API_KEY, name a --key-file,"
            " or run `marketplace keys create NAME --save`."
        )
    return found


def _of_file(path: Path) -> str:
    text = read_file(path).decode("utf-8", "replace").strip()
    if not text.isascii() or not text.isprintable() or not text or " " in text:
        raise FileRefused(f"{path} does not hold a key alone.")
    return text


def _kept(here: Invocation) -> str:
    session = here.signed_in.file.read()
    return session.api_key if session is not None and session.gateway == here.gateway else ""


def _demo(here: Invocation) -> str:
    access = read_access(here.settings.data_folder / "access.json")
    if access is None or access.gateway.rstrip("/") != here.gateway or not access.demo_key:
        return ""
    here.output.hint(f"With the demo key of {here.settings.data_folder / 'access.json'}.")
    return access.demo_key
