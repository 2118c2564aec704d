"""`python -m relay worker | settings`."""

import sys

from chassis.entry import run_service
from relay.compose import worker
from relay.settings import RelaySettings

if __name__ == "__main__":
    sys.exit(run_service(sys.argv, RelaySettings, {"worker": worker}))
