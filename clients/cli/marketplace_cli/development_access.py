"""How to sign in at a development marketplace of this machine: the file that it wrote for its owner."""

from pathlib import Path

from fleet.access_file import Access, read_access
from marketplace_cli.errors import FileRefused

SECRETS = frozenset({"admin_password", "publisher_password", "demo_key"})


def access_of(data_folder: Path) -> Access:
    """What the file says. Raises FileRefused."""
    path = data_folder / "access.json"
    access = read_access(path)
    if access is None:
        raise FileRefused(
            f"There is no {path}: it is written once `marketplace up` is ready. Choose with --data-folder."
        )
    return access
