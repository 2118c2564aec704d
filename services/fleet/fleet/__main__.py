"""python -m fleet up | migrate | develop | status | settings"""

import importlib
import sys

from chassis.errors import MarketplaceError
from fleet.settings import FleetSettings

# Imported when asked for: each is a process of its own that must start fast and stay small.
_DEEDS = {
    "up": "fleet.up",
    "migrate": "fleet.migrations",
    "develop": "fleet.development",
    "status": "fleet.status_page",
    "settings": "fleet.settings",
}


def main(arguments: list[str]) -> int:
    """The exit code; what goes wrong is one line on stderr."""
    if len(arguments) != 1 or arguments[0] not in _DEEDS:
        print(f"usage: python -m fleet {' | '.join(_DEEDS)}", file=sys.stderr)
        return 2
    try:
        return importlib.import_module(_DEEDS[arguments[0]]).main(FleetSettings.read())
    except MarketplaceError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
