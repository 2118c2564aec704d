"""`.data/access.json`: how to sign in on a development machine; private, whole or not there."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from fleet.data_folder import write_private


@dataclass(frozen=True)
class Access:
    """Everything a newcomer needs to try the marketplace."""

    gateway: str
    admin_email: str
    admin_password: str
    publisher_email: str
    publisher_password: str
    demo_key: str
    demo_model: str


def read_access(path: Path) -> Access | None:
    """What was written before, or None where it is not all there."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Access(**{field.name: str(found[field.name]) for field in fields(Access)})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_access(path: Path, access: Access) -> None:
    """Replace the file."""
    write_private(path, json.dumps(asdict(access), indent=2) + "\n")
