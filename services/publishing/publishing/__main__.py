"""`python -m publishing api | worker | settings`."""

import sys

from chassis.lifecycle import run
from publishing.compose import api, worker
from publishing.settings import PublishingSettings


def main(arguments: list[str]) -> int:
    """The process's exit code."""
    match arguments:
        case ["api"]:
            return run([api])
        case ["worker"]:
            return run([worker])
        case ["settings"]:
            for name, default, text in PublishingSettings.table():
                print(f"{name}={default}  # {text}")
            return 0
        case _:
            print("usage: python -m publishing api | worker | settings", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
