"""Every knob of the fleet, read once: where its data lives, which ports its parts take, what stands behind them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fleet.backing import MEANINGS, Backing, Profile, backing_of
from fleet.errors import SettingRefused
from fleet.ports import DEFAULT_PORTS, Ports, port_variable

_PREFIX = "FLEET_"
_DATA_FOLDER = "FLEET_DATA_FOLDER"
_OFFSET = "FLEET_PORT_OFFSET"
_DEVELOPMENT = "FLEET_DEVELOPMENT"
_PROFILE = "FLEET_PROFILE"
_GATEWAY_WORKERS = "FLEET_GATEWAY_WORKERS"
_MOST_WORKERS = 64
_ENGINES_FOLDER = "FLEET_ENGINES_FOLDER"


@dataclass(frozen=True)
class FleetSettings:
    """`inherited` goes to every child that is ours, so that any service's variable may be set in the shell.

    `own` are the fleet's variables as they were set, for a child that is the fleet again.
    """

    data_folder: Path
    ports: Ports
    inherited: Mapping[str, str]
    own: Mapping[str, str]
    backing: Backing
    engines_folder: Path
    port_offset: int = 0
    development: bool = True
    gateway_workers: int = 1

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> "FleetSettings":
        """The settings out of this process's environment. Raises SettingRefused."""
        found = dict(os.environ if environment is None else environment)
        mine = {name: value for name, value in found.items() if name.startswith(_PREFIX)}
        strangers = sorted(mine.keys() - {name for name, _, _ in settings_table()})
        if strangers:
            raise SettingRefused(f"Unknown settings: {', '.join(strangers)}. `python -m fleet settings` lists them.")
        offset = _number(_OFFSET, mine.get(_OFFSET, "0"))
        chosen = {part: _number(name, mine[name]) for name, part in port_variables().items() if name in mine}
        profile = Profile(_choice(_PROFILE, mine.get(_PROFILE, Profile.EMBEDDED), tuple(Profile)))
        return cls(
            data_folder=Path(mine.get(_DATA_FOLDER, ".data")).absolute(),
            ports=Ports({part: chosen.get(part, port + offset) for part, port in DEFAULT_PORTS.items()}),
            inherited={name: value for name, value in found.items() if name not in mine},
            own=mine,
            backing=backing_of(profile, mine, offset),
            engines_folder=Path(mine.get(_ENGINES_FOLDER, ".engines")).absolute(),
            port_offset=offset,
            gateway_workers=_between(_GATEWAY_WORKERS, mine.get(_GATEWAY_WORKERS, "1"), 1, _MOST_WORKERS),
            development=_choice(_DEVELOPMENT, mine.get(_DEVELOPMENT, "yes"), ("yes", "no")) == "yes",
        )


def port_variables() -> dict[str, str]:
    """Which variable sets which door's port."""
    return {port_variable(door): door for door in DEFAULT_PORTS}


def settings_table() -> list[tuple[str, str, str]]:
    """Each variable with its default and meaning."""
    rows = [
        (_DATA_FOLDER, ".data", "Folder that holds everything this machine keeps."),
        (_DEVELOPMENT, "yes", "yes or no: run the demo provider, publish it, and write access.json."),
        (_GATEWAY_WORKERS, "1", "Gateway processes behind the one public port: one per core at most makes sense."),
        (_PROFILE, "embedded", "embedded, or distributed: events, index and runs on what `make engines` serves."),
        (_ENGINES_FOLDER, ".engines", "Folder of the engines that `make engines` fetches, and of their data."),
        (_OFFSET, "0", "Added to every port that is not set by itself, the engines' ports too."),
    ]
    rows += [(name, "(embedded)", meaning) for name, meaning in MEANINGS.items()]
    return rows + [(name, str(DEFAULT_PORTS[door]), f"Port of {door}.") for name, door in port_variables().items()]


def main(_: FleetSettings) -> int:
    """Print the knobs; the exit code."""
    for name, default, meaning in settings_table():
        print(f"{name}\t{default}\t{meaning}")
    return 0


def runtime_folder() -> Path | None:
    """The user's own folder for sockets, where the system has one."""
    named = os.environ.get("XDG_RUNTIME_DIR")
    return Path(named) if named and Path(named).is_dir() else None


def _choice(name: str, text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise SettingRefused(f"{name} must be {' or '.join(known)}.")
    return text


def _number(name: str, text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise SettingRefused(f"{name} must be a number from 0 to 65535.")
    return int(text)


def _between(name: str, text: str, least: int, most: int) -> int:
    if not text.isdigit() or not least <= int(text) <= most:
        raise SettingRefused(f"{name} must be a number from {least} to {most}.")
    return int(text)
