"""python -m fleet up | migrate | replay | develop | status | settings, and engines, engines-fetch | -start | -stop"""

import importlib
import sys

from chassis.errors import MarketplaceError
from fleet.settings import FleetSettings

# Imported when asked for: each is a process of its own that must start fast and stay small.
_ENGINES = "fleet.engines.local_engines"
_DEEDS = {
    "up": ("fleet.up", "main"),
    "migrate": ("fleet.migrations", "main"),
    "replay": ("fleet.replay", "main"),
    "develop": ("fleet.development", "main"),
    "status": ("fleet.status_page", "main"),
    "settings": ("fleet.settings", "main"),
    "engines": (_ENGINES, "run_engines"),
    "engines-fetch": (_ENGINES, "fetch_engines"),
    "engines-start": (_ENGINES, "start_engines"),
    "engines-stop": (_ENGINES, "stop_engines"),
}


def main(arguments: list[str]) -> int:
    """The exit code; what goes wrong is one line on stderr."""
    if len(arguments) != 1 or arguments[0] not in _DEEDS:
        print(f"usage: python -m fleet {' | '.join(_DEEDS)}", file=sys.stderr)
        return 2
    try:
        module, deed = _DEEDS[arguments[0]]
        return getattr(importlib.import_module(module), deed)(FleetSettings.read())
    except MarketplaceError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
