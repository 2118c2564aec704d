"""`python -m consumption api | worker | settings`."""

import sys

from chassis.entry import run_service
from consumption.compose import api, worker
from consumption.settings import ConsumptionSettings

if __name__ == "__main__":
    sys.exit(run_service(sys.argv, ConsumptionSettings, {"api": api, "worker": worker}))
