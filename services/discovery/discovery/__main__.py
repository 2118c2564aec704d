"""`python -m discovery api | worker | rebuild-index | settings`."""

import sys

from chassis.entry import run_service
from discovery.compose import api, worker
from discovery.rebuild_index import rebuild_index
from discovery.settings import DiscoverySettings

if __name__ == "__main__":
    if sys.argv[1:] == ["rebuild-index"]:
        sys.exit(rebuild_index())
    sys.exit(run_service(sys.argv, DiscoverySettings, {"api": api, "worker": worker}))
