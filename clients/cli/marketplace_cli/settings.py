"""Every variable the command line listens to, read once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from marketplace_cli.errors import UsageRefused

DEFAULT_GATEWAY = "http://127.0.0.1:8080"
_PREFIX = "MARKETPLACE_"
_KNOWN = frozenset(f"{_PREFIX}{name}" for name in ("GATEWAY", "HOME", "PROFILE", "PASSWORD", "API_KEY", "DATA_FOLDER"))


@dataclass(frozen=True)
class CliSettings:
    """What the shell says; a flag of the command goes before it."""

    gateway: str | None
    home: Path
    profile: str
    data_folder: Path
    password: str | None = field(repr=False)
    api_key: str | None = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> "CliSettings":
        """The settings out of this process's environment. Raises UsageRefused."""
        found = dict(os.environ if environment is None else environment)
        strangers = sorted(name for name in found if name.startswith(_PREFIX) and name not in _KNOWN)
        if strangers:
            raise UsageRefused(f"Unknown variables: {', '.join(strangers)}. There are {', '.join(sorted(_KNOWN))}.")
        return cls(
            gateway=found.get("MARKETPLACE_GATEWAY") or None,
            home=_home(found),
            profile=found.get("MARKETPLACE_PROFILE") or "default",
            data_folder=Path(found.get("MARKETPLACE_DATA_FOLDER") or found.get("FLEET_DATA_FOLDER") or ".data"),
            password=found.get("MARKETPLACE_PASSWORD") or None,
            api_key=found.get("MARKETPLACE_API_KEY") or None,
            environment=found,
        )


def _home(found: Mapping[str, str]) -> Path:
    """Where sessions are kept: MARKETPLACE_HOME, else the user's folder for configuration (XDG)."""
    if found.get("MARKETPLACE_HOME"):
        return Path(found["MARKETPLACE_HOME"]).absolute()
    chosen = found.get("XDG_CONFIG_HOME", "")
    configuration = Path(chosen) if chosen.startswith("/") else Path(found.get("HOME") or "~").expanduser() / ".config"
    return configuration / "marketplace"
