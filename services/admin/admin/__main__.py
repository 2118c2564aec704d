"""python -m admin api | worker | settings"""

import sys

from admin.compose import api, worker
from admin.settings import AdminSettings
from chassis.errors import MarketplaceError
from chassis.lifecycle import UnitFactory, run

UNITS: dict[str, UnitFactory] = {"api": api, "worker": worker}


def main(arguments: list[str]) -> int:
    """The process's exit code."""
    if arguments == ["settings"]:
        for name, default, description in AdminSettings.table():
            print(f"{name:34} {default:28} {description}")
        return 0
    if not arguments or any(argument not in UNITS for argument in arguments):
        print("usage: python -m admin api | worker | settings", file=sys.stderr)
        return 2
    try:
        level = AdminSettings.read().log_level
    except MarketplaceError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 1
    return run([UNITS[argument] for argument in arguments], log_level=level)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
