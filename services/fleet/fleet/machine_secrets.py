"""Everything of a machine that is random: made once, kept in one private file, handed to processes by environment."""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from fleet.data_folder import write_private
from fleet.errors import FolderRefused
from fleet.roles import ROLES, SERVICES

CALLERS = ("gateway", "publishing", "discovery", "consumption", "admin")

_WORDS = ("postgres", "valkey", "admin_password", "publisher_password", "key_pepper", "demo_provider_key")


def _word() -> str:
    return secrets.token_urlsafe(32)


def _sealing_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _signing_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _makers() -> dict[str, Callable[[], str]]:
    words = [*_WORDS, *(f"role.{role.name}" for role in ROLES), *(f"cursor_key.{name}" for name in SERVICES)]
    keys = ["token_signing_key", *(f"service_key.{name}" for name in CALLERS)]
    return dict.fromkeys(words, _word) | dict.fromkeys(keys, _signing_key) | {"credential_key": _sealing_key}


@dataclass(frozen=True)
class MachineSecrets:
    """Values by name; never printed."""

    values: Mapping[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def trusted_services(self) -> dict[str, str]:
        """The public key of each service that may call another, as PEM."""
        return {name: _public(self.values[f"service_key.{name}"]) for name in CALLERS}


def keep_secrets(path: Path) -> MachineSecrets:
    """The secrets of this machine, what is missing made now. Raises FolderRefused."""
    known = _read(path)
    missing = {name: make() for name, make in _makers().items() if name not in known}
    if missing:
        known |= missing
        write_private(path, json.dumps(known, indent=2) + "\n")
    return MachineSecrets(known)


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise FolderRefused(f"{path} cannot be read: restore it, or start with an empty data folder.") from None
    return {str(name): str(value) for name, value in found.items()}


def _public(private: str) -> str:
    key = load_pem_private_key(private.encode(), password=None)
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
