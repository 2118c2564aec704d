"""Documents that the command line reads for the marketplace: a file, stdin or an address; bounded, never printed."""

import sys
from pathlib import Path

import httpx

from chassis.errors import Unavailable
from marketplace_cli.api_client import World
from marketplace_cli.errors import FileRefused

_OK = 200
MAX_BYTES = 8 * 1024 * 1024


def is_address(source: str) -> bool:
    """Whether a source is to be fetched."""
    return source.startswith(("http://", "https://"))


def read_source(source: str, world: World, folder: Path | None = None) -> bytes:
    """The bytes behind `-`, an address or a path; a path is seen from the folder. Raises FileRefused."""
    if source == "-":
        return _bounded(sys.stdin.buffer.read(MAX_BYTES + 1), "stdin")
    return _fetched(source, world) if is_address(source) else read_file((folder or Path()) / source)


def read_file(path: Path) -> bytes:
    """A file's bytes. Raises FileRefused."""
    try:
        with path.open("rb") as file:
            return _bounded(file.read(MAX_BYTES + 1), str(path))
    except FileNotFoundError:
        raise FileRefused(f"There is no file {path}.") from None
    except OSError as error:
        raise FileRefused(f"{path} cannot be read: {error.strerror}.") from None


def _fetched(address: str, world: World) -> bytes:
    body = bytearray()
    try:
        # A redirect is followed here: nothing secret goes along.
        with world.client(address) as http, http.stream("GET", address, follow_redirects=True) as response:
            if response.status_code != _OK:
                raise FileRefused(f"{address} answered {response.status_code}: give an address of the document itself.")
            for chunk in response.iter_bytes():
                body += chunk
                _bounded(body, address)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"{address} could not be read ({type(error).__name__}).") from None
    return bytes(body)


def _bounded(body: bytes | bytearray, name: str) -> bytes:
    if len(body) > MAX_BYTES:
        raise FileRefused(f"{name} is larger than {MAX_BYTES // 1024 // 1024} MiB.")
    return bytes(body)
