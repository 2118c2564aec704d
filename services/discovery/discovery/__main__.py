"""`python -m discovery api | worker | settings`."""

import sys

from chassis.entry import run_service
from discovery.compose import api, worker
from discovery.settings import DiscoverySettings

if __name__ == "__main__":
    sys.exit(run_service(sys.argv, DiscoverySettings, {"api": api, "worker": worker}))
